"""How numbers look on paper: one format a unit, the same in HTML, Markdown and on the terminal."""

import math
from collections.abc import Mapping
from typing import Any

from .metrics import Unit

__all__ = [
    "bound",
    "count",
    "deciding",
    "duration",
    "figure",
    "interval",
    "plain",
    "share_of",
    "short_digest",
]

# Few steps on purpose: the stages of one run should stand in one unit, to be compared at a glance.
_ENERGY = ((1.0, "kWh"), (1e-3, "Wh"))
_MASS = ((1000.0, "t"), (1.0, "kg"), (1e-3, "g"))
_MINUS = "−"
_COMPARED = 12  # letters of a digest that a person compares


def count(n: float) -> str:
    """Rows, people, parameters: 16,281; one decimal where weights make it no whole number."""
    return f"{n:,.0f}" if float(n).is_integer() else f"{n:,.1f}"


def plain(value: float, digits: int = 4) -> str:
    """A number of no known unit to so many significant digits, without an exponent where that is readable."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -5 <= magnitude < 15:
        return f"{value:.{digits - 1}e}".replace("-", _MINUS)
    text = f"{value:,.{max(0, digits - 1 - magnitude)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", _MINUS)


def figure(number: Mapping[str, Any], unit: Unit, like: Mapping[str, Any] | None = None) -> str:
    """The point value of a measured number; `like` is the number of its column that sets the decimals."""
    scale, decimals, suffix = _format(like or number, unit)
    return _fixed(number["value"] / scale, decimals, unit) + suffix


def interval(number: Mapping[str, Any], unit: Unit, like: Mapping[str, Any] | None = None) -> str:
    """Its two-sided interval: 0.857 – 0.867; with a word between where a bound is negative."""
    if number.get("low") is None or number.get("high") is None:
        return ""
    scale, decimals, suffix = _format(like or number, unit)
    low, high = (_fixed(number[side] / scale, decimals, unit) for side in ("low", "high"))
    return f"{low} to {high}{suffix}" if _MINUS in low else f"{low} – {high}{suffix}"


def bound(value: float, unit: Unit) -> str:
    """One value on its own, such as a limit: as many decimals as it was given, at least those of its unit."""
    if unit == "share":
        return max(_fixed(value, 3, unit), f"{value:.6g}".replace("-", _MINUS), key=len)
    return figure({"value": value}, unit) if unit != "plain" else plain(value, 6)


def deciding(value: float, side: str, unit: Unit) -> str:
    """A one-sided bound, rounded away from the value: a lower one down, an upper one up."""
    if unit != "share":
        return bound(value, unit)
    toward = math.floor if side == "min" else math.ceil
    return _fixed(toward(round(value * 1000, 6)) / 1000, 3, unit)


def share_of(part: float, whole: float) -> str:
    """A share in percent with one decimal; rounds neither to nothing nor to all of it."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    text = f"{percent:.1f}%"
    return "<0.1%" if part and text == "0.0%" else ">99.9%" if part < whole and text == "100.0%" else text


def short_digest(digest: str) -> str:
    """The letters of a digest that a person compares."""
    bare = digest.removeprefix("sha256:")
    return bare if len(bare) <= _COMPARED else bare[:_COMPARED] + "…"


def duration(seconds: float) -> str:
    """Seconds as a person says them: 0.42 s, 37 s, 4 min 05 s, 2 h 03 min."""
    if seconds < 10:
        return f"{plain(seconds, 2)} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def _format(number: Mapping[str, Any], unit: Unit) -> tuple[float, int, str]:
    """Scale, decimals and suffix that a value and its interval share."""
    value = number["value"]
    if unit == "share":
        return 1.0, 3, ""
    if unit == "plain":
        return 1.0, _decimals(number), ""
    ladder = _ENERGY if unit == "kwh" else _MASS
    scale, suffix = next((step for step in ladder if abs(value) >= step[0]), ladder[-1])
    magnitude = math.floor(math.log10(abs(value) / scale)) if value else 0
    # Three decimals at most, so that a column of stages lines up; a tiny reading shows its first digit.
    return scale, max(0, 2 - magnitude) if magnitude >= -1 else max(3, -magnitude), f" {suffix}"


def _decimals(number: Mapping[str, Any]) -> int:
    """Two significant digits of the half width; four of the value where there is no interval."""
    width = (number.get("high", 0) or 0) - (number.get("low", 0) or 0)
    if width > 0:
        return min(6, max(0, 1 - math.floor(math.log10(width / 2))))
    value = abs(number["value"])
    return min(6, max(0, 3 - math.floor(math.log10(value)))) if value else 3


def _fixed(value: float, decimals: int, unit: Unit) -> str:
    """Fixed decimals; a share that is not quite 0 or 1 gets more of them rather than look like it."""
    text = f"{value:,.{decimals}f}"
    while unit == "share" and decimals < 6 and float(text) in (-1, 0, 1) and float(text) != value:
        decimals += 1
        text = f"{value:.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", _MINUS)
