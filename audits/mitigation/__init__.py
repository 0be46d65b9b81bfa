"""Mitigation: what each candidate costs in accuracy, and what it gains in evenness, on test rows."""

from .candidates import Candidates
from .measure import measure

__all__ = ["Candidates", "measure"]
