"""Reference models: trained on the same rows and the same columns as the network, scored on the same split.

scikit-learn with its defaults: Pedregosa et al., "Scikit-learn" (2011). Histogram boosting follows LightGBM
(Ke et al. 2017).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ..data.preprocess import Preprocessor
from ..data.tokens import WORD, texts_of
from ..data.values import numbers

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

Scorer = Callable[[pa.Table], np.ndarray]
"""Rows -> `(rows, classes)` probabilities, or `(rows,)` values in the target's unit."""

_MOST_CATEGORIES = 255
"""Histogram boosting takes no categorical column with more codes; such a column goes in as a number."""

_THREADS = 1
"""The order of summation must not depend on the cores; and beside busy neighbours more threads are slower."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """One reference model: made from the fitted features and a seed; the data that it takes."""

    summary: str
    make: Callable[[Preprocessor, int], "BaseEstimator"]
    modalities: tuple[str, ...] = ("tabular", "image")


def _majority_class(preprocessor: Preprocessor, seed: int) -> "BaseEstimator":
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _mean(preprocessor: Preprocessor, seed: int) -> "BaseEstimator":
    from sklearn.dummy import DummyRegressor

    return DummyRegressor()


def _logistic_regression(preprocessor: Preprocessor, seed: int) -> "BaseEstimator":
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(_linear_inputs(preprocessor), LogisticRegression(max_iter=1000))


def _ridge(preprocessor: Preprocessor, seed: int) -> "BaseEstimator":
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(_linear_inputs(preprocessor), Ridge())


def _tfidf_logistic_regression(preprocessor: Preprocessor, seed: int) -> "BaseEstimator":
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(token_pattern=WORD), LogisticRegression(max_iter=1000))


def _tfidf_ridge(preprocessor: Preprocessor, seed: int) -> "BaseEstimator":
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(token_pattern=WORD), Ridge())


def _boosting_classifier(preprocessor: Preprocessor, seed: int) -> "BaseEstimator":
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        categorical_features=_categorical_mask(preprocessor), random_state=seed
    )


def _boosting_regressor(preprocessor: Preprocessor, seed: int) -> "BaseEstimator":
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        categorical_features=_categorical_mask(preprocessor), random_state=seed
    )


CLASSIFICATION: dict[str, Baseline] = {
    "majority_class": Baseline(
        summary="the share of each class in train",
        make=_majority_class,
        modalities=("tabular", "image", "text"),
    ),
    "logistic_regression": Baseline(
        summary="standardised numbers and one-hot categories", make=_logistic_regression
    ),
    "histogram_gradient_boosting": Baseline(
        summary="boosted trees over binned columns", make=_boosting_classifier, modalities=("tabular",)
    ),
    "tfidf_logistic_regression": Baseline(
        summary="words weighed by how rare they are, in any order (TF-IDF)",
        make=_tfidf_logistic_regression,
        modalities=("text",),
    ),
}

REGRESSION: dict[str, Baseline] = {
    "mean": Baseline(summary="the mean of train", make=_mean, modalities=("tabular", "image", "text")),
    "ridge": Baseline(summary="standardised numbers and one-hot categories", make=_ridge),
    "histogram_gradient_boosting": Baseline(
        summary="boosted trees over binned columns", make=_boosting_regressor, modalities=("tabular",)
    ),
    "tfidf_ridge": Baseline(
        summary="words weighed by how rare they are, in any order (TF-IDF)",
        make=_tfidf_ridge,
        modalities=("text",),
    ),
}


def fit(train: pa.Table, preprocessor: Preprocessor, *, seed: int = 0) -> dict[str, Scorer]:
    """Trains every baseline that suits the task and modality.

    Args:
        train: the rows that the network is trained on.
        preprocessor: fitted; gives the features (without the sensitive columns) and the target.
        seed: of the boosting's internal validation rows.

    Returns:
        Name -> scorer with the shapes of `Predictor.predict`.
    """
    from threadpoolctl import threadpool_limits

    table = CLASSIFICATION if preprocessor.scale is None else REGRESSION
    features, targets = _features(preprocessor, train), preprocessor.targets(train)
    weight = preprocessor.schema.weight
    weights = numbers(train[weight], weight).to_numpy() if weight else None
    scorers: dict[str, Scorer] = {}
    for name, baseline in table.items():
        if preprocessor.schema.modality not in baseline.modalities:
            continue
        model: Any = baseline.make(preprocessor, seed)
        step = f"{model.steps[-1][0]}__sample_weight" if hasattr(model, "steps") else "sample_weight"
        with threadpool_limits(_THREADS):
            model.fit(features, targets, **({} if weights is None else {step: weights}))
        scorers[name] = _scorer(model, preprocessor)
    return scorers


def _features(preprocessor: Preprocessor, table: pa.Table) -> np.ndarray | list[str]:
    """What a baseline reads: `(rows, features)` numbers and codes, or `(rows,)` texts."""
    if preprocessor.tokens is not None:
        return texts_of(table, preprocessor.tokens.columns)
    return np.hstack(preprocessor.raw(table))


def _scorer(model: Any, preprocessor: Preprocessor) -> Scorer:
    from threadpoolctl import threadpool_limits

    scale = preprocessor.scale

    def score(table: pa.Table) -> np.ndarray:
        features = _features(preprocessor, table)
        with threadpool_limits(_THREADS):
            if scale is None:
                return model.predict_proba(features)
            return model.predict(features) * scale.std + scale.mean

    return score


def _linear_inputs(preprocessor: Preprocessor) -> "BaseEstimator":
    """Median imputation and standardisation of the numbers, one-hot categories (sparse)."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    categorical = len(preprocessor.categorical)
    return ColumnTransformer(
        [
            (
                "numeric",
                make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()),
                slice(0, -categorical or None),
            ),
            (
                "categorical",
                OneHotEncoder(handle_unknown="ignore"),
                slice(-categorical, None) if categorical else [],
            ),
        ]
    )


def _categorical_mask(preprocessor: Preprocessor) -> Any:
    few = [feature.cardinality <= _MOST_CATEGORIES for feature in preprocessor.categorical]
    return [False] * len(preprocessor.numeric) + few
