"""Performance: how good is the model, and is it better than a baseline?"""

from .measure import compare, measure

__all__ = ["compare", "measure"]
