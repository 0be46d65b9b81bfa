"""What of a training would tell who took part in which round, and is therefore written nowhere.

That nobody knows who was drawn is what makes a sample cost less than everybody (amplification by sampling;
McMahan et al. 2018, theorem 1, and its proof by Abadi et al. 2016). What is named here as told is allowed
out; all else, of whatever later comes to be noted of a client or of a round, stays in.

What is told of clients one by one is exact, and no epsilon covers it: the report says so.
"""

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["of_clients", "of_details", "of_rounds"]

_TOLD = ("partition", "strategy", "preprocessing")

_OF_A_CLIENT = (
    *("client", "train", "validation", "labels", "distance"),
    *("validation_loss", "validation_accuracy", "personalized_loss", "personalized_accuracy"),
)

_OF_A_TRAINING = ("engine", "epochs", "best_epoch", "mode", "clients", "preprocessing")

_OF_A_ROUND = ("round", "validation_loss", "validation_accuracy")


def of_clients(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of what `clients.json` would hold, the part that doesn't tell who took part."""
    rows = [_only(row, _OF_A_CLIENT) for row in found["clients"]]
    return {**_only(found, _TOLD), "clients": rows}


def of_rounds(history: Iterable[Mapping[str, float]]) -> list[dict[str, float]]:
    """Of each round's entry the same: no training loss, which is a mean over those that took part."""
    return [_only(entry, _OF_A_ROUND) for entry in history]


def of_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Of the manifest's facts the same."""
    return _only(details, _OF_A_TRAINING)


def _only(values: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """The entries of these keys, where they are there."""
    return {key: values[key] for key in keys if key in values}
