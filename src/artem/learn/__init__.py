"""Everything with a gradient. PyTorch lives here and in ``artem.export`` only."""
