"""A neighbour that own_layers.py imports."""

FACTOR = 1.5
