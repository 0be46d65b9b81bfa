"""A trained model as a folder, and what can be asked of it: scores for a table."""

from .mixture import Mixture
from .model import Model
from .predictor import Predictor, load_model

__all__ = ["Mixture", "Model", "Predictor", "load_model"]
