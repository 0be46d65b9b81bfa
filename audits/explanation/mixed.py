"""Rows of a subject mixed with background rows: what a column is replaced by, everywhere.

A column is "not told" by taking it from other rows, and averaging: what the model says when it doesn't know.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch

from . import outputs
from .shapley.columns import MixedTable, MixedTokens, Mixture
from .subject import Subject

BACKGROUND = 100
"""Train rows that Shapley values average over."""

DELETED = 8
"""Train rows that a deleted column is taken from."""

_AFFORDABLE = 12_800
"""Coalitions of one row against all background rows."""

_OF_NETWORK = {
    "binary": "log-odds of the positive class",
    "multiclass": "log-odds of the predicted class",
    "regression": "the network's output, in standard deviations of the target",
}
_OF_SCORES = {
    "binary": "probability of the positive class",
    "multiclass": "probability of the predicted class",
    "regression": "the predicted value",
}

Read = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From outputs `(n, outputs)` and codes `(n,)` to one number a row, `(n,)`."""


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """Rows to explain and background rows, coded together."""

    mixture: Mixture
    rows: np.ndarray
    background: np.ndarray
    share: Read
    """What attributions are shares of."""
    chance: Read
    """Probability of a class; regression: the output."""


def background_rows(subject: Subject, most: int = BACKGROUND) -> int:
    """How many train rows Shapley values average over: fewer where a wide table asks more of each.

    A game of d columns takes 2 d + 2 coalitions at least; of 60 columns on, background rows make up for it.
    """
    affordable = _AFFORDABLE // (2 * len(subject.columns) + 2)
    return min(most, subject.background.num_rows, max(DELETED, affordable))


def mixed(subject: Subject, table: pa.Table, *, background: int = BACKGROUND) -> Mixed:
    """Mix rows with a sample of train rows: tokens where the model shows them, else columns."""
    others = min(background, subject.background.num_rows)
    order = np.random.default_rng(subject.config.seed).permutation(subject.background.num_rows)[:others]
    train = subject.background.take(pa.array(order, type=pa.int64()))
    mixture = _of_tokens(subject, table, train) if subject.has_tokens else _of_columns(subject, table, train)
    rows = np.arange(table.num_rows)
    share, chance = (_log_odds, _softmax) if subject.has_tokens else (_own, _own)
    return Mixed(
        mixture=mixture, rows=rows, background=len(rows) + np.arange(others), share=share, chance=chance
    )


def _of_tokens(subject: Subject, table: pa.Table, train: pa.Table) -> Mixture:
    pairs = zip(subject.inputs(table), subject.inputs(train), strict=True)
    return MixedTokens(subject.module, tuple(torch.cat(pair) for pair in pairs), subject.token_columns)


def _of_columns(subject: Subject, table: pa.Table, train: pa.Table) -> Mixture:
    own = table.select([*subject.columns, *subject.held])
    together = pa.concat_tables([own, train.select(own.column_names).cast(own.schema)])
    return MixedTable(subject.predictor, together, subject.columns, subject.held)


def shared(subject: Subject) -> str:
    """What attributions from mixtures are shares of, in words."""
    return (_OF_NETWORK if subject.has_tokens else _OF_SCORES)[subject.predictor.task]


def without(parts: Mixed, gone: np.ndarray, row: np.ndarray, target: np.ndarray, read: Read) -> np.ndarray:
    """What the model says of rows without some columns, averaged over what stands in for them.

    Args:
        gone: `(n, columns)` bool.
        row: position of each line's row, `(n,)`.
        target: class of each line, `(n,)`.
        read: what is averaged, `(n,)`.
    """
    mixture = parts.mixture
    own, others = mixture.codes[parts.rows[row]], mixture.codes[parts.background]
    held = np.zeros((len(gone), own.shape[1] - gone.shape[1]), dtype=bool)
    gone = np.concatenate([gone, held], axis=1)
    lines = np.where(gone[:, None], others[None], own[:, None])  # (n, background, columns)
    said = read(mixture.outputs(lines.reshape(-1, own.shape[1])), target.repeat(len(others)))
    return said.reshape(len(gone), len(others)).mean(axis=1)


def _log_odds(found: np.ndarray, target: np.ndarray) -> np.ndarray:
    return outputs.log_odds(torch.from_numpy(found), torch.from_numpy(target)).double().numpy()


def _softmax(found: np.ndarray, target: np.ndarray) -> np.ndarray:
    if found.shape[1] == 1:
        return found[:, 0].astype(float)
    return outputs.probability(torch.from_numpy(found), torch.from_numpy(target)).double().numpy()


def _own(found: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The score of the class; one column (regression) as it is."""
    return found[np.arange(len(found)), target if found.shape[1] > 1 else 0].astype(float)
