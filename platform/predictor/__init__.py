"""A trained model as a folder, and what can be asked of it: scores for a table."""

from .predictor import Predictor

__all__ = ["Predictor"]
