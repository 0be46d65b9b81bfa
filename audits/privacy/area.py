"""The area under a membership attack's ROC curve, with DeLong's limits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..findings import number
from ..intervals import area_limits, roc_area, tails

__all__ = ["Area", "as_number", "attack_area", "together"]


@dataclass(frozen=True, kw_only=True)
class Area:
    """How well members are told from others: 1/2 is chance, 1 is always."""

    value: float
    variance: float
    members: int
    others: int

    @property
    def spread(self) -> float:
        """Variance with what keeps it from being 0 where few rows are ranked perfectly."""
        limits = together([self])
        centre = (self.value * self.rarer + 0.5) / (self.rarer + 1)
        return centre * (1 - centre) / float(limits.trials[0])

    @property
    def rarer(self) -> int:
        """Rows of the kind that has fewer."""
        return min(self.members, self.others)


def attack_area(scores: np.ndarray, member: np.ndarray) -> Area:
    """Chance that a member scores above another row.

    Args:
        scores: (n,) the higher, the more likely a member.
        member: (n,) bool, at least one of each kind.
    """
    value, influence = roc_area(scores, member)
    members = int(np.count_nonzero(member))
    return Area(
        value=value, variance=float(np.sum(influence**2)), members=members, others=len(member) - members
    )


def together(areas: list[Area]):
    """Areas as proportions of effective trials, from which limits and gaps are taken."""
    return area_limits(
        *(
            np.array([getattr(area, name) for area in areas], dtype=float)
            for name in ("value", "variance", "members", "others")
        )
    )


def as_number(area: Area, *, confidence: float) -> dict[str, Any]:
    """The area as it stands in a report."""
    limits = together([area])
    low, high, lower, upper = (float(end[0]) for z in tails(confidence) for end in limits.limits(z))
    return number(
        area.value,
        low,
        high,
        area.members + area.others,
        (lower, upper),
        members=area.members,
        others=area.others,
    )
