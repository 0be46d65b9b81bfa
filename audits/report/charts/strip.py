"""An interval on an axis, against a limit where there is one."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from .scale import Scale

__all__ = ["axis", "forbidden", "strip"]

_HEIGHT = 20
_MIDDLE = _HEIGHT / 2


def axis(scale: Scale) -> Markup:
    """Labelled ticks for the head of a column of strips or bars."""
    labels = []
    for index, tick in enumerate(scale.ticks):
        anchor = "start" if index == 0 else "end" if index == len(scale.ticks) - 1 else "middle"
        text = '<text x="{}%" y="11" text-anchor="{}">{}</text>'
        labels.append(Markup(text).format(scale.at(tick), anchor, scale.label(tick)))
    return Markup('<svg class="axis" height="14" aria-hidden="true">{}</svg>').format(Markup("").join(labels))


def strip(
    number: Mapping[str, Any],
    scale: Scale,
    limit: Mapping[str, float],
    bound: float | None = None,
    hollow: bool = False,
) -> Markup:
    """Forbidden side of the limit, interval, the one-sided bound that decides, and the value on top.

    Args:
        number: `value`, and `low` and `high` where there are any.
        scale: axis of the column.
        limit: `min` and/or `max`; empty for none.
        bound: the one-sided bound that decides, an upright tick.
        hollow: draw a diamond instead of a dot, for a number to compare with.
    """
    parts = forbidden(scale, limit, _HEIGHT)
    if number.get("low") is not None and number.get("high") is not None:
        low, high = scale.at(number["low"]), scale.at(number["high"])
        line = '<line class="ci" x1="{}%" x2="{}%" y1="{}" y2="{}"/>'
        parts.append(Markup(line).format(low, high, _MIDDLE, _MIDDLE))
    if bound is not None:
        tick = '<line class="bound" x1="{0}%" x2="{0}%" y1="4" y2="{1}"/>'
        parts.append(Markup(tick).format(scale.at(bound), _HEIGHT - 4))
    shape = '<path class="hollow" d="M-5 0 0-5 5 0 0 5z"/>' if hollow else '<circle class="dot" r="4"/>'
    place = '<svg x="{}%" y="{}" class="at">{}</svg>'
    parts.append(Markup(place).format(scale.at(number["value"]), _MIDDLE, Markup(shape)))
    # The style draws the grid: ticks are evenly spaced, so the number of steps says it all.
    steps = max(0, len(scale.ticks) - 1)
    return Markup('<svg class="strip t{}" height="{}" aria-hidden="true">{}</svg>').format(
        steps, _HEIGHT, Markup("").join(parts)
    )


def forbidden(scale: Scale, limit: Mapping[str, float], height: float) -> list[Markup]:
    """The forbidden side of each limit, hatched, and the limit itself, in a drawing of this height."""
    parts = []
    for side, value in limit.items():
        at = scale.at(value)
        left, width = (0, at) if side == "min" else (at, round(100 - at, 2))
        for kind in ("bad", "hatch"):
            rect = '<rect class="{}" x="{}%" width="{}%" y="2" height="{}"/>'
            parts.append(Markup(rect).format(kind, left, width, height - 4))
        parts.append(Markup('<line class="limit" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>').format(at, height))
    return parts
