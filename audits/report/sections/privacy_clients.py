"""Rounds that hide clients, or their rows, in words: by which chance, and how far noise outweighs them."""

import math
from collections.abc import Mapping
from typing import Any

from ....platform.privacy.config import RECORD
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
    """Two sentences; none where neither a client nor a client's row was hidden."""
    times = drift(claimed)
    if times is None:
        return _rows_in_words(claimed) if "clients" in claimed and claimed["unit"] == RECORD else ""
    rounds = count(claimed["steps"])
    return (
        f" Each of {count(claimed['clients'])} clients took part in each of {rounds} rounds by a coin of its "
        f"own, with a chance of {plain(100 * claimed['sample_rate'], 3)}%. Over all rounds noise moves the "
        f"weights about {plain(times, 2)} times as far as the clients could at most, were they all of one "
        "mind: more clients a round, or a larger ε, would lower that."
    )


def _rows_in_words(claimed: Mapping[str, Any]) -> str:
    """Which rows which noise hides."""
    return (
        f" Each of {count(claimed['clients'])} clients added noise to its own steps, and no two have a row "
        f"in common: a row took part in each of at most {count(claimed['steps'])} steps of its client by a "
        f"coin of its own, with a chance of {plain(100 * claimed['sample_rate'], 3)}%. A client that was "
        "asked in fewer rounds has spent less; the table of clients says what."
    )
