"""Variation: how much of a model's numbers is the luck of its seed?"""

from .measure import measure

__all__ = ["measure"]
