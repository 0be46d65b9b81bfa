"""Everything of the section that asks the model again: of changed rows, of gradients, of strangers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..config import AuditConfig
from ..findings import Findings
from ..predictions import Predictions
from .adversarial import adversarial
from .catalog import TESTS, wanted
from .columns import emptied, shifts
from .corruptions.audit import corruptions
from .family import run
from .measure import join
from .out_of_distribution import out_of_distribution
from .shifted_calibration import after_changes, recalibration
from .subject import NoAnswerError, Subject
from .typos import typos

__all__ = ["stress"]


def stress(
    scorer: Any,
    table: pa.Table,
    predictions: Predictions,
    *,
    config: AuditConfig,
    background: pa.Table,
    pictures: Path,
    reference: Callable[[pa.Table], np.ndarray] | None = None,
) -> Findings:
    """Put a model to the tests that suit its data; the same arguments give the same findings.

    Args:
        scorer: the model: see `subject.Scorer`. Attacks need `module` and `inputs` too.
        table: test rows.
        predictions: what the model said of them.
        config: of the whole audit.
        background: some train rows.
        pictures: folder that exists, for PNGs.
        reference: scores of a simple model, for the mean corruption error of images.
    """
    settings = config.robustness
    if settings.tests == ():
        return Findings()
    subject = Subject.draw(scorer, table, predictions, config, settings.rows)
    attacked = Subject.draw(scorer, table, predictions, config, settings.attack_rows)
    image, seed = subject.schema.modality == "image", settings.seed
    tabular: dict[str, Callable[[], Findings]] = {
        "column_shifts": lambda: _family(
            "column_shift", subject, shifts(subject.table, subject.schema, seed)
        ),
        "missing_values": lambda: _family(
            "missing_value", subject, emptied(subject.table, subject.schema, seed)
        ),
    }
    suits: dict[str, Callable[[], Findings]] = {
        **({"corruptions": lambda: corruptions(subject, pictures, reference)} if image else tabular),
        "typos": lambda: _typos(subject),
        "recalibration": lambda: _recalibration(scorer, predictions, config),
        "adversarial": lambda: adversarial(attacked, background),
        "out_of_distribution": lambda: out_of_distribution(subject, background),
    }
    parts = [test() for name, test in suits.items() if wanted(name, settings)]
    return join(_about(subject, attacked), *parts)


def _about(subject: Subject, attacked: Subject) -> Findings:
    """How much was asked, and what none of the tests can tell."""
    settings = subject.config.robustness
    facts = {
        "rows_changed": len(subject.weight),
        "rows_attacked": len(attacked.weight),
        "seed": settings.seed,
    }
    cannot = {name: test.cannot_say for name, test in TESTS.items() if wanted(name, settings)}
    return Findings(values={"settings": facts, "cannot_say": cannot})


def _family(name: str, subject: Subject, changes: Any) -> Findings:
    found, outcomes = run(name, subject, changes)
    calibrated = after_changes(subject, outcomes)
    if not calibrated or not found.values:
        return found
    return join(found, Findings(values={"families": {name: {"calibration": [calibrated]}}}))


def _typos(subject: Subject) -> Findings:
    """Only where the model reads text: emptying it changes what the model says."""
    names = [
        c.name for c in subject.schema.columns if c.kind == "text" and c.name in subject.table.column_names
    ]
    if not names:
        return Findings()
    blank = subject.table
    for name in names:
        empty = pa.repeat(pa.scalar("", pa.string()), blank.num_rows)
        blank = blank.set_column(blank.column_names.index(name), name, empty)
    try:
        before, after = subject.ask(subject.table)[0], subject.ask(blank)[0]
    except NoAnswerError as error:
        return Findings(missing={"/families/typo": str(error)})
    if np.array_equal(before, after):
        return Findings(missing={"/families/typo": "the model does not read the text columns"})
    return _family("typo", subject, typos(subject.table, names, subject.config.robustness.seed))


def _recalibration(scorer: Any, predictions: Predictions, config: AuditConfig) -> Findings:
    temperature = getattr(getattr(scorer, "postprocess", None), "temperature", None)
    if predictions.task == "regression":
        return Findings()
    if temperature is None:
        return Findings(missing={"/recalibration": "the model names no temperature that was fitted"})
    return recalibration(predictions, temperature, config)
