"""One limit on one metric, what a report says to it, and what all of them make."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .metrics import METRICS

__all__ = ["DEFAULT_CONFIDENCE", "EVIDENCE", "Check", "CheckResult", "Status", "Verdict"]

Status = Literal["pass", "fail", "inconclusive"]

EVIDENCE = "required_evidence"
"""What stands for the metric in a check that asks for evidence."""

DEFAULT_CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Check:
    """One limit on one metric, or evidence that has to be there."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    metric: str = EVIDENCE
    """Name of a metric: `assay list metrics`."""
    min: float | None = None
    """Smallest value that is allowed."""
    max: float | None = None
    """Largest value that is allowed."""
    over: str | tuple[str, ...] | None = None
    """Sensitive column whose groups are compared; several make an intersection."""
    group: str | None = None
    """One group of `over`, by name; without it a metric of groups is asked of every group."""
    confidence: float = DEFAULT_CONFIDENCE
    """Confidence of the one-sided bound that decides."""
    split: Literal["test", "validation"] = "test"
    """Rows that are judged. Validation rows were used for choosing: what they say is too good."""
    not_worse_than: str | int | None = None
    """Alias or number of a version of the same model that this one is compared to, row by row."""
    by: float = 0.0
    """How much worse than that version is still allowed."""
    requires: tuple[str, ...] = ()
    """Dotted paths into report.json that must lead to something."""
    source: str | None = None
    """Where the limit comes from."""

    @property
    def columns(self) -> tuple[str, ...]:
        """`over` as a tuple."""
        return (self.over,) if isinstance(self.over, str) else tuple(self.over or ())

    @property
    def limits(self) -> dict[str, float]:
        """`min`, `max` or both; of a comparison they hold the difference to the other version."""
        if self.not_worse_than is not None:
            better = METRICS[self.metric].better
            return {"max": self.by} if better == "lower" else {"min": 0.0 - self.by}
        limits = {"min": self.min, "max": self.max}
        return {side: limit for side, limit in limits.items() if limit is not None}

    def to_json(self) -> dict[str, Any]:
        """What is asked, without what is said to it."""
        over = self.over
        asked: dict[str, Any] = {
            "metric": self.metric,
            "over": list(over) if isinstance(over, tuple) else over,
            "group": self.group,
            "confidence": None if self.confidence == DEFAULT_CONFIDENCE else self.confidence,
            "split": None if self.split == "test" else self.split,
            "not_worse_than": None if self.not_worse_than is None else str(self.not_worse_than),
            "requires": list(self.requires) or None,
            "source": self.source,
            "limit": self.limits,
        }
        return {key: value for key, value in asked.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a report says to one check."""

    check: Check
    status: Status
    reason: str
    """One sentence for a person."""
    pointer: str | None = None
    """JSON pointer of the number that decided."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    one_sided: tuple[float | None, float | None] | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in report.json under `policy.checks`."""
        found = {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "one_sided": None if self.one_sided is None else list(self.one_sided),
            "pointer": self.pointer,
            "status": self.status,
            "reason": self.reason,
        }
        return self.check.to_json() | {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A policy's answer on one report."""

    status: Status
    reason: str
    """One sentence for a person."""
    checks: tuple[CheckResult, ...] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        """As it stands in report.json under `policy`."""
        return {
            "status": self.status,
            "reason": self.reason,
            "checks": [result.to_json() for result in self.checks],
            "waivers": [],
        }
