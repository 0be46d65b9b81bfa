"""Weights that were trained elsewhere, taken into an artifact that `train` goes on from."""
