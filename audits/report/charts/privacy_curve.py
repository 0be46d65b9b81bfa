"""What a metric is worth at each epsilon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from .frame import Frame
from .scale import Scale, scale_over

__all__ = ["privacy_curve"]


@dataclass(frozen=True)
class Named(Scale):
    """An axis of named places, evenly spaced."""

    names: tuple[str, ...] = ()

    def label(self, tick: float) -> str:
        """The name of a place."""
        return self.names[int(tick)]


def privacy_curve(points: Sequence[tuple[str, Mapping[str, Any]]], *, own: int, metric: str) -> Markup:
    """A mark with its interval for each epsilon, joined by a dashed line; this model's own is filled.

    Args:
        points: name of an epsilon and the metric there, by rising epsilon; names are evenly spaced.
        own: index of this model.
        metric: what runs upwards.
    """
    places = tuple(float(place) for place in range(len(points)))
    across = Named(-0.5, len(points) - 0.5, places, tuple(name for name, _ in points))
    ends = [number[end] for _, number in points for end in ("low", "value", "high")]
    frame = Frame(x=across, y=scale_over(ends), width=400, height=240, top=18, left=52)
    joined = " ".join(f"{frame.px(i)},{frame.py(number['value'])}" for i, (_, number) in enumerate(points))
    parts = [Markup('<polyline class="line two" points="{}"/>').format(joined)]
    for index, (_, number) in enumerate(points):
        x = frame.px(index)
        line = '<line class="ci" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        parts.append(Markup(line).format(x, frame.py(number["low"]), frame.py(number["high"])))
        dot = '<circle class="{}" cx="{}" cy="{}" r="4.5"/>'
        parts.append(Markup(dot).format("dot" if index == own else "hollow", x, frame.py(number["value"])))
    return frame.draw(
        parts,
        x_label="epsilon",
        y_label=metric,
        label="The metric at each epsilon; its numbers are in the table.",
    )
