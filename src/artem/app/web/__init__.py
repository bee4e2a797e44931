"""The live page: a small web server that paints what a browser sends. No PyTorch here."""
