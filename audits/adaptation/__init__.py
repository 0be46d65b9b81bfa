"""Adaptation: how good is the model on another domain, and did training beside it help?"""

from .measure import measure
from .shift import independent_difference

__all__ = ["independent_difference", "measure"]
