"""Runs what was exported. No PyTorch here."""
