"""The learning-rate range test of a spec: its data and pretraining as in a run, then a sweep.

Nothing is kept but the ingested and pretrained artifacts, which a run finds again.
"""

import math
import os

from markupsafe import Markup

from ..audits.report.charts.frame import Frame
from ..audits.report.charts.log_scale import LogScale
from ..audits.report.charts.scale import scale_over
from ..platform.exceptions import CombinationError
from ..platform.training.range_test import RateRange, rate_range
from .backbone import model_of, pretrained_by
from .chain import Run, perform
from .charging import charge_without_privacy
from .home import Home
from .preflight import check_against_data, preflight
from .progress import Display, Lines
from .spec import Spec
from .stages import INGEST, PRETRAIN, TAKE, TRAIN, preprocessor_of

__all__ = ["picture", "rate_range_of"]

#: A picture that stands alone carries its own style.
_STYLE = Markup(
    "<style>text{font:12px sans-serif;fill:#444}.grid{stroke:#ddd}"
    ".line{fill:none;stroke:#1f5f8b;stroke-width:2}.limit{stroke:#b04a2f;stroke-dasharray:4 3}</style>"
)


def rate_range_of(
    spec: Spec,
    *,
    home: str | os.PathLike[str] | None = None,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 100,
    display: Display | None = None,
) -> RateRange:
    """Try the rates that a spec could train with.

    Args:
        spec: what would be run.
        home: folder of store and registry; `ASSAY_HOME` or `./.assay` without it.
        low: rate of the first step.
        high: rate of the last.
        steps: how many, unless the loss diverges before.
        display: whom to tell about progress.

    Raises:
        CombinationError: a spec with privacy, which no noise would protect here, or with another domain.
        BudgetError: the rows have a budget in the ledger.
    """
    preflight(spec)
    if spec.privacy is not None:
        raise CombinationError(
            "a range test can't be had with privacy",
            got="a spec with privacy",
            expected="rows that may be looked at without noise: its losses are means over them",
            mend="test the rates on public rows, or leave privacy out",
        )
    if spec.adapt is not None:
        raise CombinationError(
            "a range test can't be had with adapt",
            got="a spec with adapt",
            expected="the loss of labelled rows alone: a penalty that grows over training has no first steps",
            mend="test the rates without the section adapt",
        )
    run = Run.open(spec, Home.find(home), display=display or Lines())
    perform(INGEST, run)
    check_against_data(spec, run.path("ingest"))
    before = pretrained_by(spec)
    for stage in (PRETRAIN, TAKE):
        if stage.wanted(spec):
            perform(stage, run)
    charge_without_privacy(run, f"{TRAIN.key(run)}-range")
    return rate_range(
        dataset=run.path("ingest"), model=model_of(run), config=spec.train,
        pretrained=run.path(before) if before else None, preprocessor=preprocessor_of(run),
        low=low, high=high, steps=steps, progress=run.display.moved,
    )  # fmt: skip


def picture(found: RateRange) -> str:
    """Smoothed loss over the rate, the suggested one marked by a line: an SVG that stands on its own."""
    powers = range(math.floor(math.log10(found.rates[0])), math.ceil(math.log10(found.rates[-1])) + 1)
    ticks = tuple(float(f"1e{power}") for power in powers)
    shown = [loss for loss in found.losses if loss <= 2 * found.losses[0]]
    frame = Frame(
        x=LogScale(ticks[0], ticks[-1], ticks), y=scale_over(shown), width=640, height=320, top=18, left=56
    )
    points = zip(found.rates, found.losses, strict=True)
    path = " ".join(f"{frame.px(rate)},{frame.py(loss)}" for rate, loss in points)
    parts = [_STYLE, Markup('<polyline class="line" points="{}"/>').format(path)]
    if found.suggested is not None:
        mark = Markup('<line class="limit" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>')
        parts.append(mark.format(frame.px(found.suggested), frame.top, frame.height - frame.bottom))
    drawn = frame.draw(
        parts, x_label="learning rate", y_label="loss", label="Smoothed loss at each learning rate"
    )
    return str(drawn).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"
