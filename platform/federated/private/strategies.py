"""Strategies that a noisy mean can't feed, with the reason. Standard library only.

All others make something of a mean alone: FedAvg and FedProx take it, FedAvgM, FedAdagrad, FedAdam and
FedYogi follow it with a memory of earlier ones.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["REFUSED", "TOGETHER", "TOLD_OF_SINGLE"]

TOLD_OF_SINGLE = "it tells of single clients what they taught, and that is what the noise hides"
"""Why contributions and outlying updates aren't told."""

TOGETHER = "values with few rows would be one client, and noise that hides all of them hides none by itself"
"""Why values of a column aren't gathered."""

_SINGLE = "it compares single clients' weights, and noise that hides them leaves nothing to compare"

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "krum": _SINGLE,
        "multi_krum": _SINGLE,
        "trimmed_mean": _SINGLE,
        "median": _SINGLE,
        "scaffold": "its control variates would be a second thing that clients tell, without noise",
    }
)
