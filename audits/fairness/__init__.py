"""Fairness: how differently does a model treat the groups of a sensitive column, and their intersections?"""

from .measure import measure

__all__ = ["measure"]
