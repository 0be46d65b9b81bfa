"""What can't be had where clients, or their rows, are hidden, with the reason. Standard library only.

Strategies that a noisy mean can feed make something of a mean alone: FedAvg and FedProx take it, FedAvgM,
FedAdagrad, FedAdam and FedYogi follow it with a memory of earlier ones.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["FOLLOWS", "FURTHER", "REFUSED", "REWEIGHED", "SUMMED", "TOGETHER", "TOLD_OF_SINGLE", "UNNOISED"]

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

UNNOISED: Mapping[str, str] = MappingProxyType(
    {"scaffold": "its control variates would carry the noise of a few steps into every later one"}
)
"""Strategies that can't be had where clients' steps are noisy; all others are post-processing."""

SUMMED = "its sums hold the clients' training losses, which have no noise"
"""Why noisy steps aren't summed in secret."""

FURTHER = "clients would go on with steps that no account counts"
"""Why clients with noisy steps don't personalize."""

FOLLOWS = "the bound that one client's rows led to would be forgotten at the round's end"
"""Why the bound of clients' noisy steps is fixed."""

REWEIGHED = "rows with wrong labels are dealt out in one place"
"""Why clients have no canary rows."""
