"""Predictions in a file of any size, read as a stream."""

from .columns import PredictionColumns
from .read import read_predictions

__all__ = ["PredictionColumns", "read_predictions"]
