"""Robustness: what the model does on noisy, broken, hostile or foreign rows, and when to abstain."""

from .catalog import TESTS, check
from .measure import join, measure

__all__ = ["TESTS", "check", "join", "measure"]
