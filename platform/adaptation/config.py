"""What a person may say about another domain: the `adapt` section of the spec."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..exceptions import SpecError, nearest
from .methods import METHODS

__all__ = ["AdaptConfig"]


@dataclass(frozen=True, kw_only=True)
class AdaptConfig:
    """Training beside rows of another domain, whose labels are used for evaluation only."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    target: str
    """The other domain, a source as in `data.source`, with the same columns; the label may be absent there.
    Its rows are dealt by `data.split`: the test rows are audited, all others join training without label."""

    method: str = "coral"
    """Name from `assay list adaptation`."""

    weight: float | None = None
    """What the penalty is multiplied by; null takes the method's own."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that method, e.g. `{hidden: 32}` of `dann`."""

    compare: bool = False
    """Train a second model without the other domain, to tell what adaptation gained."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise SpecError(
                "unknown adapt.method",
                got=self.method,
                expected="a name that exists",
                mend=nearest(self.method, METHODS),
            )
        if not 0 < self.penalty_weight < math.inf:
            raise SpecError(
                "adapt.weight is out of range",
                got=self.weight,
                expected="above 0; without a penalty nothing is adapted",
                mend="leave adapt.weight out, or leave adapt out",
            )
        self._check_options()

    @property
    def penalty_weight(self) -> float:
        """The weight, the method's own filled in."""
        return METHODS[self.method].weight if self.weight is None else self.weight

    @property
    def penalty_options(self) -> dict[str, Any]:
        """Every option of the method, defaults filled in."""
        return {**METHODS[self.method].options, **self.options}

    def _check_options(self) -> None:
        known = METHODS[self.method].options
        for option, value in self.options.items():
            if option not in known:
                raise SpecError(
                    f"{self.method} has no option {option!r}",
                    got=option,
                    mend=nearest(option, known) if known else "it has none",
                )
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise SpecError(
                    f"adapt.options.{option} is out of range",
                    got=value,
                    expected="a whole number, 1 or more",
                    mend=f"leave it out for {known[option]}",
                )
