"""Accuracy over gap, a mark for each candidate with an interval in both directions."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from .frame import Frame
from .scale import scale_over

__all__ = ["pareto", "trade_off"]

_ENDS = ("low", "value", "high")


def trade_off(
    points: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]], *, chosen: int, limit: float, gap: str
) -> Markup:
    """A cross for each candidate, its label beside it; shapes tell them apart without colour.

    The first candidate, the model as it was trained, is a square; the chosen one a filled diamond; the others
    circles. A dashed line joins those that no other beats in both; a broken vertical line is the limit.

    Args:
        points: (label, gap, accuracy), both measured numbers.
        chosen: index of the chosen one.
        limit: of the gap.
        gap: what runs to the right.
    """
    frame = Frame(
        x=scale_over((held[end] for _, held, _ in points for end in _ENDS), include=(0.0, limit)),
        y=scale_over(held[end] for _, _, held in points for end in _ENDS),
        width=430, height=300, top=18, left=46, right=24,
    )  # fmt: skip
    line = '<line class="limit" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
    parts = [Markup(line).format(frame.px(limit), frame.top, frame.height - frame.bottom)]
    parts += _frontier(points, frame)
    for index, (label, across, up) in enumerate(points):
        parts += _cross(across, up, frame)
        shape = "diamond" if index == chosen else "square" if index == 0 else "circle"
        parts += _mark(frame.px(across["value"]), frame.py(up["value"]), shape, label)
    return frame.draw(
        parts,
        x_label=gap,
        y_label="accuracy",
        label="Accuracy and gap of each candidate; the numbers are in the table of candidates.",
    )


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the (gap, accuracy) that no other point beats in one without losing in the other; by gap."""
    kept: list[int] = []
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if not kept or points[index][1] > points[kept[-1]][1]:
            kept.append(index)
    return kept


def _frontier(points: Sequence[tuple[str, Any, Any]], frame: Frame) -> list[Markup]:
    values = [(across["value"], up["value"]) for _, across, up in points]
    best = [values[index] for index in pareto(values)]
    path = " ".join(f"{frame.px(x)},{frame.py(y)}" for x, y in best)
    return [Markup('<polyline class="line two" points="{}"/>').format(path)] if len(best) > 1 else []


def _cross(across: Mapping[str, Any], up: Mapping[str, Any], frame: Frame) -> list[Markup]:
    line = Markup('<line class="whisker" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    x, y = frame.px(across["value"]), frame.py(up["value"])
    return [
        line.format(frame.px(across["low"]), frame.px(across["high"]), y, y),
        line.format(x, x, frame.py(up["low"]), frame.py(up["high"])),
    ]


def _mark(x: float, y: float, shape: str, label: str) -> list[Markup]:
    if shape == "diamond":
        corners = " ".join(f"{x + dx},{y + dy}" for dx, dy in ((0, -7), (7, 0), (0, 7), (-7, 0)))
        drawn = Markup('<polygon class="dot" points="{}"/>').format(corners)
    elif shape == "square":
        drawn = Markup('<rect class="hollow" x="{}" y="{}" width="9" height="9"/>').format(x - 4.5, y - 4.5)
    else:
        drawn = Markup('<circle class="hollow" cx="{}" cy="{}" r="4.5"/>').format(x, y)
    return [drawn, Markup('<text x="{}" y="{}">{}</text>').format(x + 9, y - 7, label)]
