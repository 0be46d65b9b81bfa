"""Risk–coverage curve: how accurate are the decisions, when only the most confident are made?

Geifman & El-Yaniv, "Selective classification for deep neural networks" (2017), section 2.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from .frame import Frame
from .scale import scale_over

__all__ = ["risk_coverage"]


def risk_coverage(curve: Sequence[Mapping[str, Any]], share: float | None) -> Markup:
    """Accuracy with its interval over the share of rows that is decided; `share` is marked by a line."""
    ends = [point["accuracy"][key] for point in curve for key in ("low", "value", "high")]
    across = scale_over((0.0, 1.0), count=5)
    frame = Frame(x=across, y=scale_over(ends), width=380, height=220, top=18, left=46)
    parts = []
    if share is not None:
        mark = '<line class="limit" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        parts.append(Markup(mark).format(frame.px(share), frame.top, frame.height - frame.bottom))
    for point in curve:
        x, number = frame.px(point["coverage"]), point["accuracy"]
        line = '<line class="ci" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        parts.append(Markup(line).format(x, frame.py(number["low"]), frame.py(number["high"])))
        dot = '<circle class="dot" cx="{}" cy="{}" r="3"/>'
        parts.append(Markup(dot).format(x, frame.py(number["value"])))
    return frame.draw(
        parts,
        x_label="share of rows decided, the most confident first",
        y_label="accuracy",
        label="Risk–coverage curve; its numbers are in the table beside it.",
    )
