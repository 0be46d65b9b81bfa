"""Explanations of a model of tables: shares by column, and what each column is worth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from . import deletion, integrated_gradients, permutation_importance, randomization
from .examples import choose
from .integrated_gradients import Attributions
from .outputs import batched, probability
from .section import Section, checks, line, mean_with_interval
from .subject import Subject, rounded

PERMUTED_ROWS = 2048
CHECKED_ROWS = 64

_OF = {
    "binary": "log-odds of the positive class",
    "multiclass": "log-odds of the predicted class",
    "regression": "the network's output, in standard deviations of the target",
}


def permuted(subject: Subject) -> Section:
    """Permutation importance of every column, the largest first."""
    predictor, seed = subject.predictor, subject.config.seed
    rows = subject.sample(PERMUTED_ROWS)
    y_true, table = subject.y_true[rows], subject.table.take(pa.array(rows))
    metric = permutation_importance.metric_of(predictor.task)
    if len(np.unique(y_true)) < 2:
        return Section(missing=f"{metric} needs two different true values, there is one")
    found = permutation_importance.measure(predictor, table, y_true, features=subject.columns, seed=seed)
    found.sort(key=lambda importance: -importance.value)
    return Section(
        body={
            "global": [line(each.feature, each.value, each.low, each.high, len(rows)) for each in found],
            "settings": {"metric": metric, "rows": len(rows), "repeats": permutation_importance.REPEATS},
        }
    )


def attributed(subject: Subject) -> Section:
    """Integrated gradients: mean strength by column, single examples, and whether they can be believed."""
    module = subject.predictor.module
    if not hasattr(module, "from_tokens"):
        return Section(missing="the network does not show a token for each column")
    rows = subject.sample(subject.config.rows)
    found = _attribute(subject, module, rows)
    shares = by_column(found.values, subject.token_columns)
    return Section(
        body={
            "global": _strengths(subject, shares),
            **_examples(subject),
            "settings": {
                "of": _OF[subject.predictor.task],
                "baseline": f"the mean token of each column over {subject.background.num_rows} train rows",
                "steps": integrated_gradients.STEPS,
                "completeness_gap_largest": rounded(np.abs(found.gap).max()),
                "completeness_gap_mean": rounded(np.abs(found.gap).mean()),
                "mean_change_explained": rounded(np.abs(found.change).mean()),
            },
        },
        faithfulness=_faithfulness(subject, rows[:CHECKED_ROWS], found.values[:CHECKED_ROWS]),
    )


def by_column(shares: np.ndarray, token_columns: Sequence[str]) -> np.ndarray:
    """Sum the shares of tokens that stem from one column: `(rows, tokens)` to `(rows, columns)`."""
    columns = dict.fromkeys(token_columns)
    return shares @ np.array([[name == column for column in columns] for name in token_columns], dtype=float)


def _attribute(subject: Subject, module: Any, rows: np.ndarray) -> Attributions:
    baseline = _baseline(subject, module)
    return integrated_gradients.attribute(module, subject.inputs(rows), baseline, subject.explained(rows))


def _baseline(subject: Subject, module: Any) -> Tensor:
    return integrated_gradients.mean_tokens(module, subject.predictor.inputs(subject.background))


def _strengths(subject: Subject, shares: np.ndarray) -> list[dict[str, Any]]:
    """Mean absolute share of every column, the largest first."""
    mean, low, high = mean_with_interval(np.abs(shares), seed=subject.config.seed)
    order = np.argsort(-mean, kind="stable")
    return [line(subject.columns[j], mean[j], low[j], high[j], len(shares)) for j in order]


def _examples(subject: Subject) -> dict[str, Any]:
    """Single rows with their shares, the largest first, beside their raw values."""
    chosen = choose(subject.y_true, subject.y_pred, subject.scores, count=subject.config.examples)
    if not chosen:
        return {}
    rows = np.array([example.index for example in chosen])
    shares = by_column(_attribute(subject, subject.predictor.module, rows).values, subject.token_columns)
    lines = [
        subject.describe(example)
        | {
            "attributions": [
                {
                    "feature": name,
                    "value": rounded(own[j]),
                    "input": _plain(subject.table[name][example.index]),
                }
                for j in np.argsort(-np.abs(own), kind="stable")
                for name in (subject.columns[j],)
            ]
        }
        for example, own in zip(chosen, shares, strict=True)
    ]
    return {"examples": lines}


def _faithfulness(subject: Subject, rows: np.ndarray, shares: np.ndarray) -> dict[str, Any]:
    """Do the shares change with the weights, and does deleting by them beat deleting at random?"""
    seed = subject.config.seed
    same = randomization.rank_correlation(
        subject.predictor.module,
        np.abs(shares),
        lambda module: np.abs(_attribute(subject, module, rows).values),
        seed=seed,
    )
    return checks(
        "integrated_gradients",
        seed,
        randomization_rank_correlation=same,
        deletion_advantage=_deletion(subject, rows, shares),
    )


def _deletion(subject: Subject, rows: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Deletion by share against random orders, in probability of the predicted class.

    Regression: in movement of the output to either side, by the size of the share.
    """
    module, seed = subject.predictor.module, subject.config.seed
    baseline, predicted = _baseline(subject, module), subject.predicted(rows)
    tokens = batched(module.tokens, *subject.inputs(rows))

    def without(gone: Tensor, row: Tensor) -> Tensor:
        return module.from_tokens(torch.where(gone[..., None], baseline, tokens[row]))

    if subject.predictor.task == "regression":
        output = batched(module.from_tokens, tokens)[:, 0]
        return deletion.advantage(
            lambda gone, row: -(without(gone, row)[:, 0] - output[row]).abs(), np.abs(shares), seed=seed
        )
    # Binary: shares speak for the positive class.
    against = (predicted != subject.explained(rows)).numpy()[:, None]
    return deletion.advantage(
        lambda gone, row: probability(without(gone, row), predicted[row]),
        np.where(against, -shares, shares),
        seed=seed,
    )


def _plain(cell: pa.Scalar) -> str | int | float | bool | None:
    """A cell as JSON can hold it."""
    value = cell.as_py()
    if isinstance(value, float):
        return rounded(value) if np.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
