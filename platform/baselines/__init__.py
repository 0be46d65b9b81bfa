"""Plain models that stand beside every trained one: what would have been had for a tenth of the effort?"""

from .reference import CLASSIFICATION, REGRESSION, fit

__all__ = ["CLASSIFICATION", "REGRESSION", "fit"]
