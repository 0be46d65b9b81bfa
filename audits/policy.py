"""Gates: does a report keep to a policy? Pass, fail, or inconclusive where the evidence does not decide.

A check passes only if its one-sided 95% bound is inside the limit, and fails only if the other one-sided
bound is outside; a policy passes only if every check does. With a true value on the limit `pass` is given at
most 5% of the time, and joining checks needs no correction: to pass wrongly, the one check that is truly
violated must pass (intersection-union test; Berger, 1982, Technometrics 24(4)).
"""

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
    """One group of `over`, by name; without it a rate is asked of every group."""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a report says to one check."""

    check: Check
    status: Status
    reason: str
    """One sentence for a person."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    one_sided: tuple[float, float] | None = None

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
