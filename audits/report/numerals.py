"""The one rule for numbers in report.json: finite, and rounded to twelve significant digits.

Twelve digits are far finer than any interval in a report and far coarser than what another order of summation
changes, so that two honest computations of a number agree (`consistency.differences` allows 1e-9 on top).
"""

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from ..findings import pointer

__all__ = ["SIGNIFICANT_DIGITS", "settle"]

SIGNIFICANT_DIGITS = 12


def settle(value: Any, at: str = "") -> tuple[Any, dict[str, str]]:
    """Plain JSON of a value, and what had to be left out.

    An object that loses its `value`, `low` or `high` is no measured number any more: it is left out whole.

    Args:
        value: mappings, sequences, numbers, strings, as an audit returned them.
        at: JSON pointer of the value.

    Returns:
        The value in dicts, lists, floats of twelve digits; reasons by pointer for every non-finite number.
        In a list and in a pair of bounds such a number becomes null, because places count there.
    """
    if isinstance(value, Mapping):
        return _settle_object(value, at)
    if isinstance(value, list | tuple):
        parts = [settle(item, at + pointer(index)) for index, item in enumerate(value)]
        unbounded = at.endswith("/one_sided")
        reasons = {} if unbounded else {place: why for _, lost in parts for place, why in lost.items()}
        return [item for item, _ in parts], reasons
    if isinstance(value, bool | str) or value is None:
        return value, {}
    if isinstance(value, Integral):
        return int(value), {}
    if isinstance(value, Real):
        number = float(value)
        if not math.isfinite(number):
            return None, {at: f"The computation gave no finite number ({number})."}
        return float(f"{number:.{SIGNIFICANT_DIGITS}g}") + 0.0, {}  # + 0.0: no negative zero
    return str(value), {}


def _settle_object(value: Mapping[Any, Any], at: str) -> tuple[Any, dict[str, str]]:
    settled: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for key, item in value.items():
        place = at + pointer(key)
        inner, lost = settle(item, place)
        reasons |= lost
        if place not in lost:
            settled[str(key)] = inner
    broken = [key for key in ("value", "low", "high") if at + pointer(key) in reasons]
    if broken and at:
        return None, {at: f"No finite {broken[0]}: the computation gave none."}
    return settled, reasons
