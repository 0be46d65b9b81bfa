"""Learning curve: losses over epochs, the kept epoch marked."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from .frame import Frame
from .scale import Scale, scale_over

__all__ = ["learning_curve"]

_LINES = ("line one", "line two", "line three")


def learning_curve(history: Sequence[Mapping[str, Any]], series: Sequence[str], best: int | None) -> Markup:
    """Up to three series over epochs: solid, dashed and dotted, each named at its end.

    Args:
        history: one mapping an epoch with `epoch` and values by series; a value may be absent.
        series: keys to draw, in the order of the legend.
        best: epoch that was kept, marked by a vertical line.
    """
    epochs = [entry["epoch"] for entry in history]
    values = [entry[key] for entry in history for key in series if entry.get(key) is not None]
    steps = scale_over(epochs, count=5)
    across = Scale(min(epochs), max(epochs), tuple(t for t in steps.ticks if t in epochs) or (epochs[0],))
    if across.low == across.high:
        across = Scale(across.low - 0.5, across.high + 0.5, across.ticks)
    frame = Frame(x=across, y=scale_over(values), width=380, height=220, top=18, left=46)
    parts = []
    if best is not None and best in epochs:
        mark = '<line class="limit" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        parts.append(Markup(mark).format(frame.px(best), frame.top, frame.height - frame.bottom))
    for kind, key in zip(_LINES, series, strict=False):
        points = [(frame.px(e["epoch"]), frame.py(e[key])) for e in history if e.get(key) is not None]
        if points:
            parts.append(_line(points, kind))
    return frame.draw(
        parts,
        x_label="epoch",
        y_label="loss",
        label="Learning curve; its numbers are in the table of epochs.",
    )


def _line(points: list[tuple[float, float]], kind: str) -> Markup:
    """A polyline, or a dot where there is one epoch only."""
    if len(points) == 1:
        return Markup('<circle class="dot" cx="{}" cy="{}" r="3"/>').format(*points[0])
    path = " ".join(f"{x},{y}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, path)
