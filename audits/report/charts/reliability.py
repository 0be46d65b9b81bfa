"""Reliability diagram: does a score of 0.7 come true seven times in ten?

DeGroot and Fienberg, "The comparison and evaluation of forecasters" (1983), The Statistician 32.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from .frame import Frame
from .scale import scale_over

__all__ = ["reliability"]

_SIDE = 340
_LOT = 46  # height of the drawing below: where the rows are


def reliability(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Observed share with its interval over the mean score of each bin; below, the rows of each bin."""
    unit = scale_over((0.0, 1.0), count=5)
    frame = Frame(x=unit, y=unit, width=_SIDE, height=_SIDE + _LOT, top=18, bottom=34 + _LOT)
    diagonal = '<line class="diagonal" x1="{}" y1="{}" x2="{}" y2="{}"/>'
    parts = [Markup(diagonal).format(frame.px(0), frame.py(0), frame.px(1), frame.py(1))]
    for held in bins:
        if "rate" in held and "mean_score" in held:
            x, rate = frame.px(held["mean_score"]), held["rate"]
            line = '<line class="ci" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            dot = '<circle class="dot" cx="{}" cy="{}" r="4"/>'
            low, high = frame.py(rate["low"]), frame.py(rate["high"])
            parts.append(Markup(line).format(x, x, low, high))
            parts.append(Markup(dot).format(x, frame.py(rate["value"])))
    parts += _rows_below(bins, frame)
    return frame.draw(
        parts,
        x_label="bars: rows in each bin",
        y_label="observed share, over mean score",
        label="Reliability diagram; its numbers are in the table of bins.",
    )


def _rows_below(bins: Sequence[Mapping[str, Any]], frame: Frame) -> list[Markup]:
    top = frame.height - frame.bottom + 20
    most = max((held["n"] for held in bins), default=0) or 1
    rect = '<rect class="bar" x="{}" y="{}" width="{}" height="{}"/>'
    parts = []
    for held in bins:
        height = round((_LOT - 6) * held["n"] / most, 1)
        left, right = frame.px(held["low"]), frame.px(held["high"])
        parts.append(
            Markup(rect).format(
                left + 0.5, round(top + _LOT - 6 - height, 1), round(max(1.0, right - left - 1), 1), height
            )
        )
    return parts
