"""Explanations of a model of tables: shares by column, and what each column is worth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from . import attention_rollout, integrated_gradients, occlusion, permutation_importance
from .column_shares import Attribute, column_section
from .integrated_gradients import Attributions
from .mixed import background_rows, mixed, shared
from .section import Section, line
from .shapley import MOST_EXACT, Shares, gradient_shap, kernel_shap
from .shapley.values import COALITIONS
from .subject import Subject, rounded

PERMUTED_ROWS = 2048
SHAPLEY_ROWS = 64
"""Test rows of global Shapley values: each costs about 15 ms on Adult."""
SHAPLEY_CHECKED = 24
_NO_TOKENS = "the model does not show a network with a token for each column"


def permuted(subject: Subject) -> Section:
    """Permutation importance of every column, the largest first."""
    predictor, seed = subject.predictor, subject.config.seed
    rows = subject.sample(PERMUTED_ROWS)
    y_true, table = subject.y_true[rows], subject.take(rows)
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
    """Integrated gradients."""
    if not subject.has_tokens:
        return Section(missing=_NO_TOKENS)
    background = subject.inputs(subject.background)

    def of(module: Any, table: pa.Table, target: np.ndarray) -> Attributions:
        baseline = integrated_gradients.mean_tokens(module, background)
        return integrated_gradients.attribute(
            module, subject.inputs(table), baseline, torch.from_numpy(target)
        )

    def by_module(module: Any) -> Attribute:
        return lambda table, target: by_column(of(module, table, target).values, subject.token_columns)

    rows = subject.sample(subject.config.rows)
    found = of(subject.module, subject.take(rows), subject.explained(rows).numpy())
    settings = {
        "of": shared(subject),
        "baseline": f"the mean token of each column over {subject.background.num_rows} train rows",
        "steps": integrated_gradients.STEPS,
        "completeness_gap_largest": rounded(np.abs(found.gap).max()),
        "completeness_gap_mean": rounded(np.abs(found.gap).mean()),
        "mean_change_explained": rounded(np.abs(found.change).mean()),
    }
    return column_section(
        subject,
        "integrated_gradients",
        by_module(subject.module),
        settings=settings,
        rows=subject.config.rows,
        of_module=by_module,
    )


def kernel(subject: Subject) -> Section:
    """Sampled Shapley values."""
    return _shapley(subject, "kernel_shap", COALITIONS)


def enumerated(subject: Subject) -> Section:
    """Exact Shapley values."""
    count = len(subject.columns)
    if count > MOST_EXACT:
        return Section(
            missing=f"the model reads {count} columns: enumeration is for at most {MOST_EXACT}, "
            "kernel_shap for more"
        )
    return _shapley(subject, "exact_shapley", 2**MOST_EXACT)


def _shapley(subject: Subject, name: str, coalitions: int) -> Section:
    calls: list[Shares] = []
    others = background_rows(subject)

    def attribute(table: pa.Table, target: np.ndarray) -> np.ndarray:
        parts = mixed(subject, table, background=others)
        calls.append(
            kernel_shap(
                parts.mixture,
                parts.rows,
                parts.background,
                target,
                parts.share,
                coalitions=coalitions,
                seed=subject.config.seed,
            )
        )
        return calls[-1].values

    settings = {
        "of": shared(subject),
        "background": f"{others} train rows",
        "coalitions": f"at most {coalitions} of each row against each background row",
    }
    found = column_section(
        subject, name, attribute, settings=settings, rows=SHAPLEY_ROWS, checked=SHAPLEY_CHECKED
    )
    found.body["settings"] |= {
        "complete": all(call.complete for call in calls),
        "mixed_rows_asked": sum(call.asked for call in calls),
        "mixed_rows_evaluated": sum(call.evaluated for call in calls),
    }
    return found


def expected_gradients(subject: Subject) -> Section:
    """Expected gradients."""
    if not subject.has_tokens:
        return Section(missing=_NO_TOKENS)
    background = subject.inputs(subject.background)

    def by_module(module: Any) -> Attribute:
        def attribute(table: pa.Table, target: np.ndarray) -> np.ndarray:
            shares = gradient_shap(
                module,
                subject.inputs(table),
                background,
                torch.from_numpy(target),
                seed=subject.config.seed,
            )
            return by_column(shares, subject.token_columns)

        return attribute

    settings = {"of": shared(subject), "background": f"{subject.background.num_rows} train rows"}
    return column_section(
        subject,
        "gradient_shap",
        by_module(subject.module),
        settings=settings,
        rows=SHAPLEY_ROWS,
        of_module=by_module,
    )


def occluded(subject: Subject) -> Section:
    """Occlusion: one column replaced; in texts, one word left out."""

    def attribute(table: pa.Table, target: np.ndarray) -> np.ndarray:
        return occlusion.columns(mixed(subject, table, background=occlusion.BACKGROUND), target)

    settings = {
        "of": shared(subject),
        "replaced_by": f"the column of {min(occlusion.BACKGROUND, subject.background.num_rows)} train rows",
    }
    found = column_section(
        subject, "occlusion", attribute, settings=settings, rows=SHAPLEY_ROWS, checked=SHAPLEY_CHECKED
    )
    return occlusion.with_words(subject, found)


def rolled_out(subject: Subject) -> Section:
    """Attention rollout from the row's summary to its columns."""
    if not subject.has_tokens or not attention_rollout.has_attention(subject.module):
        return Section(missing="the model does not show a network with attention")

    def by_module(module: Any) -> Attribute:
        def attribute(table: pa.Table, target: np.ndarray) -> np.ndarray:
            strengths = attention_rollout.to_columns(module, subject.inputs(table))
            return by_column(strengths, subject.token_columns)

        return attribute

    settings = {
        "of": "how much of each column reaches the token that the decision is read from",
        "unsigned": True,
    }
    return column_section(
        subject,
        "attention_rollout",
        by_module(subject.module),
        settings=settings,
        rows=subject.config.rows,
        of_module=by_module,
        unsigned=True,
    )


def by_column(shares: np.ndarray, token_columns: Sequence[str]) -> np.ndarray:
    """Sum the shares of tokens that stem from one column: `(rows, tokens)` to `(rows, columns)`."""
    columns = dict.fromkeys(token_columns)
    return shares @ np.array([[name == column for column in columns] for name in token_columns], dtype=float)
