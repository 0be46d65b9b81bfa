"""One limit on one metric, what a report says to it, and what all of them make."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

__all__ = ["Check", "CheckResult", "Status", "Verdict"]

Status = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One limit on one metric."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    metric: str
    """Name of a metric: `assay list metrics`."""
    min: float | None = None
    """Smallest value that is allowed."""
    max: float | None = None
    """Largest value that is allowed."""
    over: str | tuple[str, ...] | None = None
    """Sensitive column whose groups are compared; several make an intersection."""
    group: str | None = None
    """One group of `over`, by name; without it a metric of groups is asked of every group."""

    @property
    def columns(self) -> tuple[str, ...]:
        """`over` as a tuple."""
        return (self.over,) if isinstance(self.over, str) else tuple(self.over or ())


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
        over = self.check.over
        limits = {"min": self.check.min, "max": self.check.max}
        found = {
            "metric": self.check.metric,
            "over": list(over) if isinstance(over, tuple) else over,
            "group": self.check.group,
            "limit": {side: limit for side, limit in limits.items() if limit is not None},
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "one_sided": None if self.one_sided is None else list(self.one_sided),
            "pointer": self.pointer,
            "status": self.status,
            "reason": self.reason,
        }
        return {key: value for key, value in found.items() if value is not None}


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
