"""Decisions by a threshold that depends on the group, mixed by chance between two where one can't do.

Hardt, Price & Srebro, "Equality of Opportunity in Supervised Learning" (2016), section 3.2,
https://arxiv.org/abs/1610.02413

The group must be known when a decision is made. A group that the rule doesn't name, such as one that the
validation rows had too few people of, is decided by `otherwise`: the one threshold of the model as trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

_MOST = 100_000


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Chance of the positive decision as a function of the score: constant between thresholds.

    Attributes:
        thresholds: rising scores.
        probabilities: one more: below the first threshold, from the first on, and so on.
    """

    thresholds: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in pairwise(self.thresholds))
        if not rising or not all(0 <= value <= 1 for value in (*self.thresholds, *self.probabilities)):
            raise ValueError(f"steps: got {self!r:.200}, expected rising numbers in [0, 1]")
        if len(self.probabilities) != len(self.thresholds) + 1:
            raise ValueError(
                f"steps: {len(self.probabilities)} chances for {len(self.thresholds)} thresholds"
            )

    def at(self, scores: np.ndarray) -> np.ndarray:
        """`(rows,)` chances of `(rows,)` scores; a score on a threshold is above it."""
        interval = np.searchsorted(np.asarray(self.thresholds), scores, side="right")
        return np.asarray(self.probabilities)[interval]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Steps":
        """From `{thresholds, probabilities}`; ValueError, TypeError or KeyError where it makes no sense."""
        _only(data, {"thresholds", "probabilities"})
        return cls(
            thresholds=tuple(map(float, data["thresholds"])),
            probabilities=tuple(map(float, data["probabilities"])),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"thresholds": list(self.thresholds), "probabilities": list(self.probabilities)}


@dataclass(frozen=True, kw_only=True)
class GroupThresholds:
    """What `postprocess.json` holds under `group_thresholds`.

    Attributes:
        over: sensitive columns that make the groups, together.
        groups: values of these columns, and the group's steps.
        otherwise: for every other group.
        salt: of the draws.
    """

    over: tuple[str, ...]
    groups: tuple[tuple[tuple[str, ...], Steps], ...]
    otherwise: Steps
    salt: str

    def __post_init__(self) -> None:
        named = [group for group, _ in self.groups]
        if not self.over or len(set(named)) < len(named) or len(named) > _MOST:
            raise ValueError(f"group_thresholds: {len(named)} groups of {self.over}, some of them twice")
        if any(len(group) != len(self.over) for group in named):
            raise ValueError(f"group_thresholds: a group doesn't name one value for each of {self.over}")
        check_salt(self.salt)

    def chances(self, scores: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
        """Chance of the positive decision.

        Args:
            scores: `(rows,)` of the positive class.
            groups: for each column of `over`, `(rows,)` strings.
        """
        found = self.otherwise.at(scores)
        for values, steps in self.groups:
            inside = np.logical_and.reduce(
                [column == value for column, value in zip(groups, values, strict=True)]
            )
            found[inside] = steps.at(scores[inside])
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "GroupThresholds":
        """Inverse of `to_json`; ValueError, TypeError or KeyError where it makes no sense."""
        _only(data, {"over", "groups", "otherwise", "salt"})
        for group in data["groups"]:
            _only(group, {"values", "steps"})
        return cls(
            over=strings(data["over"]),
            groups=tuple(
                (strings(group["values"]), Steps.from_json(group["steps"])) for group in data["groups"]
            ),
            otherwise=Steps.from_json(data["otherwise"]),
            salt=data["salt"],
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "over": list(self.over),
            "groups": [{"values": list(values), "steps": steps.to_json()} for values, steps in self.groups],
            "otherwise": self.otherwise.to_json(),
            "salt": self.salt,
        }


def check_salt(salt: object) -> None:
    """ValueError for what BLAKE2b can't be keyed by."""
    if not isinstance(salt, str) or not 1 <= len(salt.encode()) <= 64:
        raise ValueError("salt: expected text of 1 to 64 bytes")


def strings(values: object) -> tuple[str, ...]:
    """A JSON list of strings; ValueError for anything else."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"got {values!r:.100}, expected a list of strings")
    return tuple(values)


def _only(data: Mapping[str, Any], keys: set[str]) -> None:
    if data.keys() != keys:
        raise ValueError(f"keys: got {sorted(data)}, expected {sorted(keys)}")
