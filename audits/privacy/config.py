"""What a person may say about attacks on privacy; the standard library only."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from ...platform.exceptions import SpecError

__all__ = ["PrivacyAuditConfig"]


@dataclass(frozen=True, kw_only=True)
class PrivacyAuditConfig:
    """Which attacks are run, and how hard they try."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    guesses: tuple[float, ...] = (0.9, 0.6, 0.3, 0.1)
    """Shares of the canaries (privacy.canaries) that are guessed; several share the error between them."""

    rows: int = 10_000
    """Most train rows and most test rows that membership attacks tell apart; of more, a seeded part."""

    attacks: tuple[Literal["loss_threshold", "lira"], ...] = ("loss_threshold",)
    """Membership attacks: `lira` trains shadow models."""

    shadows: int = 16
    """Shadow models of `lira`, an even number: each row is in half of them."""

    lira: Literal["online", "offline"] = "online"
    """`online` compares models with and without a row; `offline` only looks at those without."""

    rates: tuple[float, ...] = (0.01, 0.001)
    """False positive rates at which the share of members found is told, where 10 / rate non-members exist."""

    minimum_group_size: int = 20
    """Members and non-members that a group needs each."""

    confidence: float = 0.95
    """Of two-sided intervals."""

    seed: int = 0
    """Of the choice of rows, shadow models and ties. The canaries' coins never come from it."""

    def __post_init__(self) -> None:
        rules = {
            "rows": (self.rows >= 2, "2 or more"),
            "guesses": (
                bool(self.guesses) and all(0 < share <= 1 for share in self.guesses),
                "shares above 0, up to 1",
            ),
            "shadows": (self.shadows >= 4 and self.shadows % 2 == 0, "an even number, 4 or more"),
            "rates": (all(0 < rate < 1 for rate in self.rates), "between 0 and 1"),
            "minimum_group_size": (self.minimum_group_size >= 2, "2 or more"),
            "confidence": (0 < self.confidence < 1, "between 0 and 1"),
        }
        for key, (holds, expected) in rules.items():
            if not holds:
                raise SpecError(
                    f"audit.privacy.{key} is out of range",
                    got=getattr(self, key),
                    expected=expected,
                    mend=f"change audit.privacy.{key} in the spec",
                )
