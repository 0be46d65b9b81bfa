"""What an audit returns: numbers with intervals, and reasons for the numbers that could not be had."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Findings", "number", "pointer"]


def pointer(*tokens: object) -> str:
    """JSON pointer (RFC 6901) of nested keys: `pointer("groups", "a/b")` is `/groups/a~1b`."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def number(
    value: float, low: float, high: float, n: float, one_sided: tuple[float, float] | None = None, **more: Any
) -> dict[str, Any]:
    """A measured number as it stands in report.json.

    Args:
        value: the estimate.
        low: lower end of the two-sided interval.
        high: upper end of the two-sided interval.
        n: rows that the estimate rests on.
        one_sided: the two one-sided bounds that gates decide by (each holds on its own).
        more: further JSON-able facts, e.g. `between`: the two groups furthest apart.
    """
    found = {"value": float(value), "low": float(low), "high": float(high), "n": n if n % 1 else int(n)}
    if one_sided is not None:
        found["one_sided"] = [float(one_sided[0]), float(one_sided[1])]
    assert all(math.isfinite(found[key]) for key in ("value", "low", "high")), found
    return found | more


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Values of one audit; what is absent there is in `missing`, by JSON pointer relative to `values`."""

    values: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @classmethod
    def gather(cls, parts: Mapping[str, "Findings"]) -> "Findings":
        """One Findings of several, each under its key."""
        return cls(
            values={key: part.values for key, part in parts.items()},
            missing={
                pointer(key) + inner: reason
                for key, part in parts.items()
                for inner, reason in part.missing.items()
            },
        )
