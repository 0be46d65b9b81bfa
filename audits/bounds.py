"""One-sided bounds at other confidences than 95%, for the checks of a policy that ask for them.

Nothing is measured by another method. The ends of a two-sided interval at confidence 2c - 1 are one-sided
bounds at c, except on the side of a gap that must hold for all pairs at once (the lower end of a difference,
the upper end of a ratio): there the end of the interval at confidence c is one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .findings import Findings
from .intervals import GATE

__all__ = ["with_bounds"]

_SIMULTANEOUS = {"differences": 0, "ratios": 1}
"""Under which keys gaps stand, and which of their ends is simultaneous."""

Measured = Mapping[str, Findings]


def with_bounds(
    measure: Callable[[float], Measured], confidences: Sequence[float], found: dict[str, Findings]
) -> dict[str, Findings]:
    """Findings whose numbers also carry `one_sided_at{confidence: [lower, upper]}`.

    Args:
        measure: all findings again, with two-sided intervals at a confidence.
        confidences: of the bounds, between 0.5 and 1.
        found: the findings as they are shown; they are changed.
    """
    for confidence in confidences:
        if confidence != GATE:
            narrow, wide = measure(2 * confidence - 1), measure(confidence)
            for room, findings in found.items():
                _add(findings.values, narrow[room].values, wide[room].values, f"{confidence:g}", None)
    return found


def _add(found: Any, narrow: Any, wide: Any, key: str, simultaneous: int | None) -> None:
    """Walk three findings of one shape side by side."""
    if not isinstance(found, dict):
        return
    if "one_sided" in found:
        ends = [narrow["low"], narrow["high"]]
        if simultaneous is not None:
            ends[simultaneous] = wide[("low", "high")[simultaneous]]
        found["one_sided_at"] = {**found.get("one_sided_at", {}), key: ends}
        return
    for name, part in found.items():
        _add(part, narrow.get(name), wide.get(name), key, _SIMULTANEOUS.get(name, simultaneous))
