"""Proxies: how well do the other columns tell a sensitive column, though the model doesn't see it?

A model can act on a group that it is never told of where other columns give the group away: Dwork et al.,
"Fairness through awareness" (2012), https://arxiv.org/abs/1104.3913, on redundant encoding.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from . import bands
from .preprocess import Preprocessor
from .schema import Schema
from .splits import shuffled
from .tokens import WORD, texts_of

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

_SAMPLE = 4000
_FOLDS = 3
_SMALLEST_GROUP = 30
"""Smaller groups of the sample are left out: three folds of ten rows say nothing."""

_SHOWN = 5


def proxies(train: pa.Table, schema: Schema) -> dict[str, Any]:
    """For each sensitive column: how well all features predict it, and the strongest single ones.

    Of texts it is how well their words predict it, in any order.

    Args:
        train: rows of the train split; at most `_SAMPLE` of them are used.

    Returns:
        attribute -> `auroc` (macro one-vs-rest, cross-validated; 0.5 is chance, 1 gives the group away),
        `rows`, `groups`, `columns` (the strongest, by an association in [0, 1]). Where it can't be measured
        `reason` says why, instead of `auroc`.
    """
    # Whether or not the model may see them: a sensitive column is no proxy of another one.
    blind = replace(schema, use_sensitive=False)
    if schema.modality == "image" or not schema.sensitive:
        return {}
    if not blind.features:
        return {name: {"reason": "no other column is a feature"} for name in schema.sensitive}
    sample = train.take(np.sort(shuffled(len(train), 0)[:_SAMPLE]))
    groups = {
        name: bands.groups(sample[name], schema.column(name).kind, name, tuple(schema.bands.get(name, ())))
        for name in schema.sensitive
    }
    if schema.modality == "text":
        texts = np.array(texts_of(sample, [column.name for column in blind.features]), dtype=object)
        return {name: {**_auroc(texts, group, _by_words()), "columns": []} for name, group in groups.items()}
    fitted = Preprocessor.fit(sample, blind)
    numeric, codes = fitted.raw(sample)
    return {
        name: {
            **_auroc(np.hstack([numeric, codes]), group, _by_columns()),
            "columns": _strongest(fitted, numeric, codes, group),
        }
        for name, group in groups.items()
    }


def _by_columns() -> "BaseEstimator":
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=15, learning_rate=0.2, random_state=0)


def _by_words() -> "BaseEstimator":
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(token_pattern=WORD), LogisticRegression(max_iter=1000))


def _auroc(features: np.ndarray, group: np.ndarray, model: "BaseEstimator") -> dict[str, Any]:
    """AUROC of a model that predicts the group, each row scored by one that didn't see it."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    if features.ndim == 1 and not any(features):
        return {"reason": "every text of the sample is empty"}
    names, counts = np.unique(group, return_counts=True)
    large = names[counts >= _SMALLEST_GROUP]
    if len(large) < 2:
        return {"reason": f"fewer than two groups have {_SMALLEST_GROUP} rows in the sample"}
    kept = np.isin(group, large)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    # One thread: the order of summation, and so the artifact's digest, must not depend on the cores.
    with threadpool_limits(1):
        scores = np.asarray(
            cross_val_predict(model, features[kept], group[kept], cv=folds, method="predict_proba")
        )
    aurocs = [roc_auc_score(group[kept] == name, scores[:, position]) for position, name in enumerate(large)]
    return {"auroc": float(np.mean(aurocs)), "rows": int(kept.sum()), "groups": large.tolist()}


def _strongest(
    fitted: Preprocessor, numeric: np.ndarray, codes: np.ndarray, group: np.ndarray
) -> list[dict[str, Any]]:
    """The columns that alone tell most of the group."""
    single: list[dict[str, Any]] = [
        {
            "column": feature.name,
            "measure": "correlation_ratio",
            "value": correlation_ratio(numeric[:, i], group),
        }
        for i, feature in enumerate(fitted.numeric)
    ] + [
        {"column": feature.name, "measure": "cramers_v", "value": cramers_v(codes[:, i], group)}
        for i, feature in enumerate(fitted.categorical)
    ]
    return sorted(single, key=lambda row: (-row["value"], row["column"]))[:_SHOWN]


def correlation_ratio(values: np.ndarray, group: np.ndarray) -> float:
    """How far groups differ in a number: sqrt(SS_between / SS_total), in [0, 1]; 0 tells nothing.

    Args:
        values: `(rows,)`, NaN where missing: these rows are left out.
    """
    known = ~np.isnan(values)
    if not known.any():
        return 0.0
    _, code = np.unique(group[known], return_inverse=True)
    centred = values[known] - values[known].mean()
    means = np.bincount(code, centred) / np.bincount(code)
    total = float(centred @ centred)
    return float(np.sqrt(np.bincount(code) @ means**2 / total)) if total else 0.0


def cramers_v(codes: np.ndarray, group: np.ndarray) -> float:
    """Association of two categorical columns, bias-corrected, in [0, 1]; 0 is independence.

    Bergsma, "A bias-correction for Cramér's V and Tschuprow's T" (2013), https://doi.org/10.1016/j.jkss.2012.10.002
    """
    _, row = np.unique(codes, return_inverse=True)
    _, column = np.unique(group, return_inverse=True)
    height, width, n = row.max() + 1, column.max() + 1, len(codes)
    observed = np.bincount(row * width + column, minlength=height * width).reshape(height, width)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / n
    phi2 = float(((observed - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi2 - (height - 1) * (width - 1) / (n - 1))
    smaller = min(height - (height - 1) ** 2 / (n - 1), width - (width - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(min(1.0, corrected / smaller))) if smaller > 0 else 0.0
