"""The data side of the audit: who is in them, what is missing, what leaks, what crosses the splits."""

from .measure import Rows, measure

__all__ = ["Rows", "measure"]
