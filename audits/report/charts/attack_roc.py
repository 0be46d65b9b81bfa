"""ROC curves of membership attacks on log axes: there the few rows that an attack is sure of can be seen.

Carlini et al., "Membership Inference Attacks From First Principles" (2022), section III,
https://arxiv.org/abs/2112.03570
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from .frame import Frame
from .log_scale import log_scale_to_one

__all__ = ["attack_roc"]

_LINES = ("line", "line two", "line three")
_POINTS = 60


def attack_roc(
    curves: Sequence[Sequence[Mapping[str, Any]]], most: Callable[[float], float] | None = None
) -> Markup:
    """Up to three curves, solid, dashed and dotted, over the dotted line of chance.

    Args:
        curves: points `fpr`, `tpr` of each attack, by rising rates.
        most: the largest true positive rate that a claim allows at a false positive rate; the rates above it
            are hatched.
    """
    unit = log_scale_to_one(point["fpr"] for curve in curves for point in curve)
    frame = Frame(x=unit, y=unit, width=400, height=340, top=18, left=52)
    low = unit.low
    chance = '<line class="diagonal" x1="{}" y1="{}" x2="{}" y2="{}"/>'
    parts = _above(most, frame) if most else []
    parts.append(Markup(chance).format(frame.px(low), frame.py(low), frame.px(1), frame.py(1)))
    for kind, curve in zip(_LINES, curves, strict=False):
        points = " ".join(f"{frame.px(p['fpr'])},{frame.py(p['tpr'])}" for p in curve if p["fpr"] > 0)
        parts.append(Markup('<polyline class="{}" points="{}"/>').format(kind, points))
    return frame.draw(
        parts,
        x_label="share of others called members",
        y_label="share of members found",
        label="ROC curves of the membership attacks; the numbers are in the table.",
    )


def _above(most: Callable[[float], float], frame: Frame) -> list[Markup]:
    """The region that the claim rules out, and its edge."""
    rates = [frame.x.low ** (1 - step / _POINTS) for step in range(_POINTS + 1)]
    edge = [f"{frame.px(rate)},{frame.py(most(rate))}" for rate in rates]
    corner = f"{frame.px(frame.x.low)},{frame.py(1)}"
    area = '<polygon class="{}" points="{}"/>'
    parts = [Markup(area).format(kind, " ".join([*edge, corner])) for kind in ("bad", "hatch")]
    return [*parts, Markup('<polyline class="limit edge" points="{}"/>').format(" ".join(edge))]
