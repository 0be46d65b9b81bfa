"""A length from zero with its interval: attributions and importances."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from .scale import Scale

__all__ = ["bar"]

_HEIGHT = 20


def bar(number: Mapping[str, Any], scale: Scale) -> Markup:
    """A bar from zero to the value; below zero it is hatched, so that the sign shows without colour."""
    zero, value = scale.at(0.0), scale.at(number["value"])
    left, width = min(zero, value), round(abs(value - zero), 2)
    kinds = ("bar",) if number["value"] >= 0 else ("bar minus", "hatch")
    rect = '<rect class="{}" x="{}%" width="{}%" y="4" height="12"/>'
    parts = [Markup(rect).format(kind, left, width) for kind in kinds]
    parts.append(Markup('<line class="zero" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>').format(zero, _HEIGHT))
    if number.get("low") is not None and number.get("high") is not None:
        whisker = '<line class="whisker" x1="{}%" x2="{}%" y1="10" y2="10"/>'
        parts.append(Markup(whisker).format(scale.at(number["low"]), scale.at(number["high"])))
    return Markup('<svg class="strip" height="{}" aria-hidden="true">{}</svg>').format(
        _HEIGHT, Markup("").join(parts)
    )
