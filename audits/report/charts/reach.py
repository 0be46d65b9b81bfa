"""A length from zero that may reach further: a bound, and how much it could have been."""

from markupsafe import Markup

from .scale import Scale
from .strip import forbidden

__all__ = ["reach"]

_HEIGHT = 28
_TOP, _THICK = 7, 14


def reach(value: float | None, scale: Scale, until: float | None, limit: float | None) -> Markup:
    """A bar from zero to the value, hatched on from there to `until`; a limit hatches what lies beyond it.

    Args:
        value: length; None: nothing bounds it, and the bar leaves the axis as an arrow.
        scale: axis of the column.
        until: where the hatched part ends, with an upright tick.
        limit: a dashed line.
    """
    parts = forbidden(scale, {} if limit is None else {"max": limit}, _HEIGHT)
    rect = '<rect class="{}" x="{}%" width="{}%" y="{}" height="{}"/>'
    end = 100.0 if value is None else scale.at(value)
    parts.append(Markup(rect).format("solid", 0, end if value is not None else 98.5, _TOP, _THICK))
    if value is None:
        arrow = '<svg x="98.5%" y="{}" class="at"><path class="solid" d="M0-11 11 0 0 11z"/></svg>'
        parts.append(Markup(arrow).format(_HEIGHT / 2))
    if until is not None and value is not None and until > value:
        far = scale.at(until)
        for kind in ("outline", "open"):
            parts.append(Markup(rect).format(kind, end, round(far - end, 2), _TOP, _THICK))
        tick = '<line class="bound" x1="{0}%" x2="{0}%" y1="3" y2="{1}"/>'
        parts.append(Markup(tick).format(far, _HEIGHT - 3))
    parts.append(Markup('<line class="zero" x1="0" x2="0" y1="0" y2="{}"/>').format(_HEIGHT))
    head = '<svg class="strip t{}" height="{}" aria-hidden="true">{}</svg>'
    return Markup(head).format(max(0, len(scale.ticks) - 1), _HEIGHT, Markup("").join(parts))
