"""The report of any method that gives each column a share of a prediction."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from . import deletion, randomization, stability
from .examples import Example, choose
from .mixed import DELETED, mixed, without
from .section import Section, checks, line, mean_with_interval
from .subject import Subject, rounded

CHECKED_ROWS = 64

Attribute = Callable[[pa.Table, np.ndarray], np.ndarray]
"""From rows and the class that each is explained towards `(rows,)` to shares `(rows, columns)`."""


def column_section(
    subject: Subject,
    name: str,
    attribute: Attribute,
    *,
    settings: dict[str, Any],
    rows: int,
    checked: int = CHECKED_ROWS,
    of_module: Callable[[Any], Attribute] | None = None,
    unsigned: bool = False,
) -> Section:
    """Mean strength by column, single examples, and whether the shares can be believed.

    Args:
        name: the method, in the names of its checks.
        attribute: the method on some rows.
        settings: how it was measured, in words.
        rows: test rows of the global strengths.
        checked: test rows of the checks.
        of_module: the method for another network; None where it doesn't look at weights.
        unsigned: shares say how strong, not to which side.
    """
    chosen = subject.sample(rows)
    shares = attribute(subject.take(chosen), subject.explained(chosen).numpy())
    checked = min(checked, len(chosen))
    return Section(
        body={
            "global": _strengths(subject, shares),
            **_examples(subject, attribute),
            "settings": settings | {"rows": len(chosen)},
        },
        faithfulness=_faithfulness(
            subject, name, attribute, chosen[:checked], shares[:checked], of_module, unsigned
        ),
    )


def _strengths(subject: Subject, shares: np.ndarray) -> list[dict[str, Any]]:
    """Mean absolute share of every column, the largest first."""
    mean, low, high = mean_with_interval(np.abs(shares), seed=subject.config.seed)
    order = np.argsort(-mean, kind="stable")
    return [line(subject.columns[j], mean[j], low[j], high[j], len(shares)) for j in order]


def _examples(subject: Subject, attribute: Attribute) -> dict[str, Any]:
    """Single rows with their shares, the largest first, beside their raw values."""
    chosen = examples(subject)
    if not chosen:
        return {}
    rows = np.array([example.index for example in chosen])
    shares = attribute(subject.take(rows), subject.explained(rows).numpy())
    lines = [
        subject.describe(example)
        | {
            "attributions": [
                {
                    "feature": subject.columns[j],
                    "value": rounded(own[j]),
                    "input": plain(subject.table[subject.columns[j]][example.index]),
                }
                for j in np.argsort(-np.abs(own), kind="stable")
            ]
        }
        for example, own in zip(chosen, shares, strict=True)
    ]
    return {"examples": lines}


def examples(subject: Subject) -> tuple[Example, ...]:
    """The rows of a table that are explained one by one, the same for every method."""
    return choose(subject.y_true, subject.y_pred, subject.scores, count=subject.config.examples)


def _faithfulness(
    subject: Subject,
    name: str,
    attribute: Attribute,
    rows: np.ndarray,
    shares: np.ndarray,
    of_module: Callable[[Any], Attribute] | None,
    unsigned: bool,
) -> dict[str, Any]:
    """Deletion, insertion, stability; and randomization where the method looks at weights."""
    seed, table, target = subject.config.seed, subject.take(rows), subject.explained(rows).numpy()
    found: dict[str, np.ndarray] = {}
    if of_module is not None:
        found["randomization_rank_correlation"] = randomization.rank_correlation(
            subject.module,
            np.abs(shares),
            lambda module: np.abs(of_module(module)(table, target)),
            seed=seed,
        )
    deleted, inserted = _advantages(subject, rows, shares, unsigned)
    found |= {"deletion_advantage": deleted, "insertion_advantage": inserted}
    spread = spreads(subject)
    if spread:
        alike, change = stability.stability(
            lambda noisy: attribute(noisy, target),
            lambda rng: stability.disturbed(table, spread, rng),
            seed,
            shares,
        )
        found |= {"stability_rank_correlation": alike, "stability_change": change}
    return checks(name, seed, **found)


def _advantages(
    subject: Subject, rows: np.ndarray, shares: np.ndarray, unsigned: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Deletion and insertion by share against random orders, in probability of the predicted class.

    Regression: in movement of the output to either side, by the size of the share.
    """
    parts, predicted = mixed(subject, subject.take(rows), background=DELETED), subject.predicted(rows).numpy()
    if subject.predictor.task == "regression":
        output = parts.chance(parts.mixture.outputs(parts.mixture.codes[parts.rows]), predicted)

        def moved(gone: np.ndarray, row: np.ndarray) -> np.ndarray:
            return -np.abs(without(parts, gone, row, predicted[row], parts.chance) - output[row])

        return deletion.advantages(moved, np.abs(shares), seed=subject.config.seed)
    # Binary: shares speak for the positive class.
    against = (predicted != subject.explained(rows).numpy())[:, None] & (not unsigned)
    return deletion.advantages(
        lambda gone, row: without(parts, gone, row, predicted[row], parts.chance),
        np.where(against, -shares, shares),
        seed=subject.config.seed,
    )


def spreads(subject: Subject) -> dict[str, float]:
    """Standard deviation of each numeric column over the background rows."""
    found = {}
    for name in subject.numbers:
        values = np.asarray(
            subject.background[name].cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), float
        )
        finite = values[np.isfinite(values)]
        found[name] = float(finite.std()) if len(finite) else 0.0
    return {name: deviation for name, deviation in found.items() if deviation > 0}


def plain(cell: pa.Scalar) -> str | int | float | bool | None:
    """A cell as JSON can hold it."""
    value = cell.as_py()
    if isinstance(value, float):
        return rounded(value) if np.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
