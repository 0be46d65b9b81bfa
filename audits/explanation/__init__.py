"""Why the model says what it says, and how far an explanation can be believed."""

from .explain import explain
from .methods import METHODS, Method

__all__ = ["METHODS", "Method", "explain"]
