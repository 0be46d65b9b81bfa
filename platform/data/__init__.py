"""Data in: sources, column kinds, splits, preprocessing, the datasheet."""
