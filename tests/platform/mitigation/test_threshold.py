"""Group thresholds: against Fairlearn's optimizer, scipy's hull, and what must hold for all scores."""

import numpy as np
import pytest
from assay.platform.exceptions import DataError
from assay.platform.mitigation.groups import Groups, gap
from assay.platform.mitigation.methods import CONSTRAINTS
from assay.platform.mitigation.threshold import fit_thresholds, gap_without_limit, hull
from assay.platform.predictor.group_thresholds import Steps
from fairlearn.postprocessing import ThresholdOptimizer
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from sklearn.base import BaseEstimator, ClassifierMixin

PEERS = {
    "demographic_parity": "demographic_parity",
    "equal_opportunity": "true_positive_rate_parity",
    "equalized_odds": "equalized_odds",
}
AS_TRAINED = Steps(thresholds=(0.5,), probabilities=(0.0, 1.0))


def scored(seed: int, rows: int = 3000):
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 3, rows)
    y_true = (draw.random(rows) < np.array([0.1, 0.3, 0.5])[codes]).astype(int)
    logits = 2 * y_true - 1.5 + 0.4 * codes + draw.normal(0, 1.2, rows)
    return np.round(1 / (1 + np.exp(-logits)), 6), y_true, codes


def fitted(scores, y_true, codes, name, limit=0.0, weight=None):
    """The rule, and the chances that it gives these rows."""
    values = np.array(["a", "b", "c"])[codes]
    rule = fit_thresholds(
        scores, y_true, Groups.of_values({"group": values}), over=("group",), constraint=CONSTRAINTS[name],
        limit=limit, otherwise=AS_TRAINED, salt="salt", weight=weight,
    )  # fmt: skip
    return rule, rule.chances(scores, [values])


class Scores(ClassifierMixin, BaseEstimator):
    """An estimator whose feature is its score."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X):
        return (X[:, 0] > 0.5).astype(int)

    def predict_proba(self, X):
        return np.stack([1 - X[:, 0], X[:, 0]], axis=1)


@pytest.mark.parametrize("name", PEERS)
def test_thresholds_are_as_accurate_as_those_of_fairlearn_and_as_even(name):
    scores, y_true, codes = scored(0)
    _, chance = fitted(scores, y_true, codes, name)
    peer = ThresholdOptimizer(
        estimator=Scores().fit(None, None), constraints=PEERS[name], prefit=True, grid_size=4000,
        predict_method="predict_proba", objective="accuracy_score",
    ).fit(scores[:, None], y_true, sensitive_features=codes)  # fmt: skip
    theirs = peer._pmf_predict(scores[:, None], sensitive_features=codes)[:, 1]
    accuracy, expected = (np.mean(np.where(y_true == 1, of, 1 - of)) for of in (chance, theirs))
    assert gap(CONSTRAINTS[name], groups_of(codes), y_true, chance) < 1e-9
    assert accuracy >= expected - 1e-9  # theirs looks at a grid of rates
    assert accuracy == pytest.approx(expected, abs=2e-4)


def groups_of(codes):
    return Groups.of_values({"group": codes.astype(str)})


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(CONSTRAINTS)), st.floats(0, 0.3))
def test_the_gap_keeps_within_any_limit_and_no_single_threshold_is_better(seed, name, limit):
    scores, y_true, codes = scored(seed, 300)
    _, chance = fitted(scores, y_true, codes, name, limit)
    assert gap(CONSTRAINTS[name], groups_of(codes), y_true, chance) <= limit + 1e-7
    error = np.mean(np.where(y_true == 1, 1 - chance, chance))
    for threshold in np.quantile(scores, np.linspace(0, 1, 21)):
        decided = (scores >= threshold).astype(int)
        if gap(CONSTRAINTS[name], groups_of(codes), y_true, decided) <= limit:
            assert error <= np.mean(decided != y_true) + 1e-9


def test_a_limit_that_does_not_bind_gives_the_most_accurate_thresholds():
    scores, y_true, codes = scored(1)
    unlimited = gap_without_limit(scores, y_true, groups_of(codes), CONSTRAINTS["equalized_odds"])
    _, chance = fitted(scores, y_true, codes, "equalized_odds", unlimited)
    best = sum(
        max(np.sum((scores[rows] >= t) == y_true[rows]) for t in [*np.unique(scores[rows]), 2.0])
        for rows in (codes == code for code in range(3))
    )
    assert np.sum(np.where(y_true == 1, chance, 1 - chance)) == pytest.approx(best)


def test_weights_count_as_repeated_rows():
    scores, y_true, codes = scored(2, 400)
    times = np.random.default_rng(0).integers(1, 4, 400)
    once, _ = fitted(scores, y_true, codes, "equalized_odds", 0.02, weight=times)
    again = (np.repeat(part, times) for part in (scores, y_true, codes))
    repeated, _ = fitted(*again, "equalized_odds", 0.02)
    for (_, first), (_, second) in zip(once.groups, repeated.groups, strict=True):
        assert first.thresholds == pytest.approx(second.thresholds)
        assert first.probabilities == pytest.approx(second.probabilities)


def test_the_corners_are_those_of_the_convex_hull():
    scores, y_true, _ = scored(3, 500)
    found = hull(scores, y_true)
    order = np.argsort(-scores)
    curve = np.stack([np.cumsum(1 - y_true[order]), np.cumsum(y_true[order])], axis=1)
    points = np.vstack([[0, 0], curve / curve[-1], [1, 0]])
    corners = points[ConvexHull(points).vertices]
    above = {tuple(np.round(corner, 9)) for corner in corners} - {(1.0, 0.0)}
    ours = zip(found.false_positive, found.true_positive, strict=True)
    assert {tuple(np.round(corner, 9)) for corner in ours} == above


def test_a_group_without_enough_rows_keeps_the_threshold_of_everybody():
    scores, y_true, codes = scored(4, 300)
    codes[codes == 2] = 0
    codes[:5] = 2
    rule, chance = fitted(scores, y_true, codes, "equalized_odds")
    assert [values for values, _ in rule.groups] == [("a",), ("b",)]
    assert chance[:5].tolist() == AS_TRAINED.at(scores[:5]).tolist()


def test_a_single_group_is_refused():
    scores, y_true, codes = scored(5, 100)
    with pytest.raises(DataError, match="no two groups"):
        fitted(scores, y_true, np.zeros_like(codes), "equalized_odds")
