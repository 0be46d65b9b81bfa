"""Episodes of a few-shot model: how often new classes are told apart after a look at few rows of each."""

from .evidence import Episodes
from .measure import measure

__all__ = ["Episodes", "measure"]
