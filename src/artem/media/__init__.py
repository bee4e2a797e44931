"""Frames in, frames out: sources, sinks and what lies between them. No PyTorch here."""
