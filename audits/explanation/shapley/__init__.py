"""Shapley values: shares of one prediction by column, averaged over the orders in which columns are told."""

from .columns import MixedTable, MixedTokens, Mixture
from .design import Design, design
from .gradient_shap import gradient_shap
from .values import MOST_EXACT, Shares, exact, kernel_shap

__all__ = [
    "MOST_EXACT",
    "Design",
    "MixedTable",
    "MixedTokens",
    "Mixture",
    "Shares",
    "design",
    "exact",
    "gradient_shap",
    "kernel_shap",
]
