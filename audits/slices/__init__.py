"""The worst subgroups: slices of up to three columns where the model is worse or biased, not by chance."""

from .columns import Columns
from .measure import measure

__all__ = ["Columns", "measure"]
