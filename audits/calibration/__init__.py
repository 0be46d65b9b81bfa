"""Calibration: do scores mean what they say, overall and in each group?"""

from .measure import measure

__all__ = ["measure"]
