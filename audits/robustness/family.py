"""A family of changes to the same rows: each one's result, their mean, their worst, by group."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..findings import Findings, pointer
from .rates import Marks, overall, worst
from .subject import NoAnswerError, Subject

__all__ = ["Change", "Outcome", "outcome", "run"]

METRIC = {"hit": "accuracy", "amount": "mean_absolute_error"}
_ENDING = {"hit": "accuracy", "amount": "error"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing done to the rows.

    Args:
        kind: its name.
        level: how much of it.
        table: makes the changed rows.
        on: the column that is changed; None for all that it can be done to.
    """

    kind: str
    level: float | str
    table: Callable[[], pa.Table]
    on: str | None = None

    def facts(self) -> dict[str, Any]:
        """As it stands in the report."""
        return {"kind": self.kind, "level": self.level} | ({} if self.on is None else {"on": self.on})


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One change, what came of it, and the scores behind."""

    change: Change
    marks: Marks
    scores: np.ndarray


def run(name: str, subject: Subject, changes: Iterable[Change]) -> tuple[Findings, list[Outcome]]:
    """Ask the model about the rows after each change.

    Args:
        name: of the family, as in the metric `corruption_accuracy`.
        subject: model and rows.
        changes: each leaves the true labels as they are.

    Returns:
        Findings of `outcome`, and the outcomes one by one.
    """
    outcomes, failed = [], {}
    for change in changes:
        try:
            scores, decided = subject.ask(change.table())
        except NoAnswerError as error:
            failed[" ".join(str(part) for part in change.facts().values())] = str(error)
            continue
        outcomes.append(Outcome(change=change, marks=subject.marks(decided), scores=scores))
    found = outcome(name, subject, outcomes)
    place = pointer("families", name, "changes") if outcomes else pointer("families", name)
    return Findings(
        values=found.values,
        missing=found.missing | {place + pointer(said): why for said, why in failed.items()},
    ), outcomes


def outcome(name: str, subject: Subject, outcomes: list[Outcome]) -> Findings:
    """Numbers of a family.

    The mean is taken over changes and rows, and its interval is about the rows. Of a classification
    `mean` is an accuracy and `worst` the lowest one; of a regression both are absolute errors.

    Returns:
        A section `{measure, n, clean, mean, worst, worst_change, changes}` under `families`, the two metrics
        that a policy may limit, and by group the mean beside the accuracy of the unharmed rows.
    """
    place = f"/families/{name}"
    if not outcomes:
        return Findings(missing={place: "none of these changes could be made, or none was answered"})
    confidence, low_is_bad = subject.config.confidence, not subject.regression
    marks = [each.marks for each in outcomes]
    together = np.mean([each.values for each in marks], axis=0)
    mean_marks = Marks(values=together, kind="amount" if subject.regression else "share")
    mean = overall(mean_marks, subject.weight, confidence)
    clean = overall(subject.clean, subject.weight, confidence)
    if mean is None or clean is None:
        return Findings(missing={place: "too few rows to change"})
    least = worst(marks, subject.weight, confidence, lowest=low_is_bad)
    numbers = [overall(each, subject.weight, confidence) for each in marks]
    ending = _ENDING[subject.kind]
    at = int(np.argmin([number["value"] * (1 if low_is_bad else -1) for number in numbers if number]))
    section = {
        "measure": METRIC[subject.kind],
        "n": len(subject.weight),
        "clean": clean,
        "mean": mean,
        "worst": least,
        "worst_change": outcomes[at].change.facts(),
        "changes": [o.change.facts() | {"result": n} for o, n in zip(outcomes, numbers, strict=True)],
    }
    grouped = subject.by_group({f"{name}_{ending}": mean_marks})
    return Findings(
        values={
            "families": {name: section},
            "metrics": {f"{name}_{ending}": mean, f"worst_{name}_{ending}": least},
            **grouped.values,
        },
        missing=grouped.missing,
    )
