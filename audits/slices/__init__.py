"""The worst subgroups: slices of up to three columns in which the model is worse or biased, none by chance."""

from .columns import Columns
from .measure import measure

__all__ = ["Columns", "measure"]
