"""What a person may say about mitigation: the `mitigate` section of the spec."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from ..exceptions import SpecError, nearest
from .methods import CONSTRAINTS, METHODS

#: More candidates than these would take longer than anybody waits, and choose by luck.
_MOST_CANDIDATES, _MOST_ITERATIONS = 50, 200


@dataclass(frozen=True, kw_only=True)
class MitigationConfig:
    """How bias is mitigated, between which groups, and which of the candidates becomes the model."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    method: str
    """Name from `assay list mitigation`."""

    over: str | tuple[str, ...]
    """The sensitive column; several mean their intersection."""

    constraint: str = "equalized_odds"
    """What should be equal: `demographic_parity`, `equal_opportunity`, `equalized_odds` or `average_odds`."""

    gap: float = 0.02
    """Operating point: the most accurate candidate whose gap on validation rows is at most this, else the
    candidate with the smallest gap."""

    grid: int | None = None
    """Candidates beside the model as it was trained; null takes the method's own number."""

    fit_on: Literal["validation", "train_and_validation"] = "validation"
    """Threshold: rows that the thresholds are computed on. The train rows as well are more, so the thresholds
    vary less; but a network is surer of rows that it was trained on, the more so the longer it was."""

    iterations: int = 10
    """Exponentiated gradient: steps of the game; each fits three networks or more."""

    seed: int = 0
    """Seed of the draws where a decision is mixed by chance."""

    def __post_init__(self) -> None:
        for key, table in (("method", METHODS), ("constraint", CONSTRAINTS)):
            if getattr(self, key) not in table:
                given = getattr(self, key)
                raise SpecError(f"unknown mitigate.{key}", got=given, mend=nearest(given, table))
        ranges = {
            "over": bool(self.columns) and len(set(self.columns)) == len(self.columns),
            "gap": 0 <= self.gap <= 1,
            "grid": self.grid is None or 1 <= self.grid <= _MOST_CANDIDATES,
            "iterations": 1 <= self.iterations <= _MOST_ITERATIONS,
            "seed": 0 <= self.seed < 2**63,
        }
        for key, holds in ranges.items():
            if not holds:
                raise SpecError(
                    f"mitigate.{key} is out of range", got=getattr(self, key), expected=_RANGES[key]
                )

    @property
    def columns(self) -> tuple[str, ...]:
        """The sensitive columns."""
        return (self.over,) if isinstance(self.over, str) else tuple(self.over)

    @property
    def candidates(self) -> int:
        """How many candidates there are beside the model as it was trained."""
        return self.grid or METHODS[self.method].grid


_RANGES = {
    "over": "one sensitive column, or several different ones",
    "gap": "from 0 to 1",
    "grid": f"from 1 to {_MOST_CANDIDATES}, or null",
    "iterations": f"from 1 to {_MOST_ITERATIONS}",
    "seed": "0 or more, below 2**63",
}
