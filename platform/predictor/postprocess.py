"""From what the network says to scores and decisions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from .group_thresholds import GroupThresholds, check_salt

TASKS = ("binary", "multiclass", "regression")

#  Digits of a score that are kept. Float32 sums differ in their seventh digit with batch size and thread
# count;  rounding before deciding makes stored scores, decisions and recomputed ones agree.
DIGITS = 6


_MOST_MEMBERS = 1000

#: Keys that `postprocess.json` holds only where the model needs them.
_RARE = ("group_thresholds", "mixture")


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """Chances of a mixture's networks, and the salt of the draw.

    Attributes:
        weights: above 0, one a network; they sum to 1.
        salt: of the draws.
    """

    weights: tuple[float, ...]
    salt: str

    def __post_init__(self) -> None:
        check_salt(self.salt)
        if not 2 <= len(self.weights) <= _MOST_MEMBERS or not all(0 < weight < 1 for weight in self.weights):
            raise ValueError(f"mixture: got {len(self.weights)} weights, expected 2 or more, in (0, 1)")
        if not math.isclose(math.fsum(self.weights), 1.0, abs_tol=1e-9):
            raise ValueError(f"mixture: weights that sum to {math.fsum(self.weights)}, expected 1")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Mixing":
        """Inverse of `to_json`; ValueError, TypeError or KeyError where it makes no sense."""
        if data.keys() != {"weights", "salt"}:
            raise ValueError(f"keys: got {sorted(data)}, expected salt and weights")
        return cls(weights=tuple(map(float, data["weights"])), salt=data["salt"])

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"weights": list(self.weights), "salt": self.salt}


@dataclass(frozen=True, kw_only=True)
class Postprocess:
    """What `postprocess.json` holds.

    Attributes:
        task: one of `TASKS`.
        classes: in the order of their codes; empty for regression.
        positive: the class with code 1 of a binary task.
        temperature: divides the logits (Guo et al. 2017).
        thresholds: binary tasks: least score of the positive class for that decision, `{positive:
            threshold}`; without one, the likeliest class is decided.
        target_scale: regression: `mean` and `std` that were taken out of the target, in its own unit.
        group_thresholds: binary tasks: thresholds that differ by group; they take the place of `thresholds`.
        mixture: where the model is several networks.
    """

    task: str
    classes: tuple[str, ...] = ()
    positive: str | None = None
    temperature: float = 1.0
    thresholds: Mapping[str, float] = field(default_factory=dict)
    target_scale: Mapping[str, float] | None = None
    group_thresholds: GroupThresholds | None = None
    mixture: Mixing | None = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task: got {self.task!r}, expected one of {', '.join(TASKS)}")
        if (self.task == "regression") != (not self.classes) or (
            self.task == "binary" and len(self.classes) != 2
        ):
            raise ValueError(f"a {self.task} task with {len(self.classes)} classes")
        if (self.target_scale is not None) != (self.task == "regression"):
            raise ValueError(f"target_scale: got {self.target_scale!r} for a {self.task} task")
        if self.positive not in (None, *self.classes[1:]):
            raise ValueError(f"positive: got {self.positive!r}, expected the last of the classes")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature: got {self.temperature}, expected a number above 0")
        if self.thresholds.keys() - ({self.positive} if self.task == "binary" else set()):
            raise ValueError(f"thresholds: got {sorted(self.thresholds)}, expected the positive class alone")
        if self.group_thresholds is not None and (self.task != "binary" or self.thresholds):
            raise ValueError("group_thresholds: expected a binary task without other thresholds")
        if self.mixture is not None and self.task == "regression":
            raise ValueError("mixture: got a regression, expected classes")
        if not all(0 <= threshold <= 1 for threshold in self.thresholds.values()):
            raise ValueError(f"thresholds: got {dict(self.thresholds)}, expected numbers in [0, 1]")

    def scores(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities `(rows, classes)`, or values `(rows,)` in the target's own unit, to six digits.

        Args:
            outputs: of the network, `(rows, classes)` logits or `(rows, 1)`.
        """
        outputs = outputs.astype(np.float64)
        if self.target_scale is not None:
            return round_significant(outputs[:, 0] * self.target_scale["std"] + self.target_scale["mean"])
        logits = outputs / self.temperature
        odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        return np.round(odds / odds.sum(axis=1, keepdims=True), DIGITS)

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """Codes of classes `(rows,)`, the lowest on a tie; for regression the values themselves."""
        if self.task == "regression":
            return scores
        if self.thresholds:
            (threshold,) = self.thresholds.values()
            return (scores[:, 1] >= threshold).astype(np.int64)
        return scores.argmax(axis=1).astype(np.int64)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        rare = {key: getattr(self, key) for key in _RARE}
        return {key: value.to_json() for key, value in rare.items() if value is not None} | {
            "task": self.task,
            "classes": list(self.classes),
            "positive": self.positive,
            "temperature": self.temperature,
            "thresholds": dict(self.thresholds),
            "target_scale": None if self.target_scale is None else dict(self.target_scale),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Postprocess":
        """Inverse of `to_json`; ValueError, TypeError or KeyError where it makes no sense."""
        known = {row.name for row in fields(cls)} - set(_RARE)
        if data.keys() - set(_RARE) != known:
            raise ValueError(f"keys: got {sorted(data)}, expected {sorted(known)}")
        scale = data["target_scale"]
        rule, mixture = (data.get(key) for key in _RARE)
        return cls(
            task=data["task"],
            classes=tuple(map(str, data["classes"])),
            positive=data["positive"],
            temperature=float(data["temperature"]),
            thresholds={name: float(threshold) for name, threshold in data["thresholds"].items()},
            target_scale=None if scale is None else {name: float(scale[name]) for name in ("mean", "std")},
            group_thresholds=None if rule is None else GroupThresholds.from_json(rule),
            mixture=None if mixture is None else Mixing.from_json(mixture),
        )


def round_significant(values: np.ndarray, digits: int = DIGITS) -> np.ndarray:
    """Round each value to its first significant digits, whatever its unit."""
    size = np.floor(np.log10(np.abs(values), out=np.zeros_like(values), where=values != 0))
    unit = 10.0 ** (size - digits + 1)
    return np.round(values / unit) * unit
