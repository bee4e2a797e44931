"""PyTorch to files. Each export is compared with its source before it is used."""
