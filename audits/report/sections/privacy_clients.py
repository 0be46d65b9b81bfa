"""Rounds that hide clients, in words: who took part by which chance, and how far the noise outweighs them."""

import math
from collections.abc import Mapping
from typing import Any

from ..figures import count, plain

__all__ = ["drift", "rounds_in_words"]


def drift(claimed: Mapping[str, Any]) -> float | None:
    """How far noise moves the weights, in multiples of what clients could at most, over all rounds.

    Clients that agree add up, at most the bound a round; noise of T rounds adds up to √T of one round's. So
    it is (noise's norm / bound) / √T, for strategies that take the mean as it is. It can't tell what the
    noise does to the loss: most of it goes where the loss hardly changes.

    Args:
        claimed: the mechanism.

    Returns:
        0 or more; None where no client was hidden, or no round was led.
    """
    if "noise_over_bound" not in claimed or not claimed.get("steps"):
        return None
    return claimed["noise_over_bound"] / math.sqrt(claimed["steps"])


def rounds_in_words(claimed: Mapping[str, Any]) -> str:
    """Two sentences; none where no client was hidden."""
    times = drift(claimed)
    if times is None:
        return ""
    rounds = count(claimed["steps"])
    return (
        f" Each of {count(claimed['clients'])} clients took part in each of {rounds} rounds by a coin of its "
        f"own, with a chance of {plain(100 * claimed['sample_rate'], 3)}%. Over all rounds noise moves the "
        f"weights about {plain(times, 2)} times as far as the clients could at most, were they all of one "
        "mind: more clients a round, or a larger ε, would lower that."
    )
