"""The words that every other part uses. NumPy and Pillow only."""
