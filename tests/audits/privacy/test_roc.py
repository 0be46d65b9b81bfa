"""The curve against scikit-learn, and the share found at few false alarms against a known population."""

import numpy as np
import pytest
from assay.audits.privacy.roc import curve, log_points, share_found, share_found_limits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_curve

ROWS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: len({member for _, member in rows}) == 2
)


@settings(deadline=None)
@given(ROWS)
def test_the_curve_is_scikit_learn_s_ties_included(rows):
    scores, member = np.array([score for score, _ in rows], float), np.array([of for _, of in rows])
    false, true, _ = roc_curve(member, scores, drop_intermediate=False)
    ours = curve(scores, member)
    np.testing.assert_allclose(ours[0], false, atol=1e-15)
    np.testing.assert_allclose(ours[1], true, atol=1e-15)


@settings(deadline=None)
@given(ROWS, st.integers(0, 20).map(lambda twentieth: twentieth / 20))
def test_the_share_found_is_the_best_over_all_thresholds(rows, rate):
    scores, member = np.array([score for score, _ in rows], float), np.array([of for _, of in rows])
    tries = [scores >= at for at in [*scores, np.inf]]
    allowed = [said[member].mean() for said in tries if said[~member].mean() <= rate + 1e-9]
    assert share_found(scores, member, rate) == pytest.approx(max(allowed))


def test_points_run_from_one_false_alarm_to_all_and_lie_on_the_curve():
    rng = np.random.default_rng(0)
    member = rng.random(5000) < 0.5
    scores = member + rng.standard_normal(5000)
    points = log_points(scores, member)
    pairs = set(zip(*(side.tolist() for side in curve(scores, member)), strict=True))
    assert all((point["fpr"], point["tpr"]) in pairs for point in points)
    assert points[-1] == {"fpr": 1.0, "tpr": 1.0}
    assert points[0]["fpr"] <= 1.01 / np.count_nonzero(~member)
    assert len(points) > 40


@pytest.mark.parametrize(("rate", "others"), [(0.01, 1000), (0.05, 400)])
def test_limits_cover_the_population_s_share(rate, others):
    rng, members, draws, shift = np.random.default_rng(3), 500, 1000, 1.0
    truth = norm.sf(norm.isf(rate) - shift)
    member = np.arange(members + others) < members
    below = above = 0
    for _ in range(draws):
        low, high = share_found_limits(shift * member + rng.standard_normal(len(member)), member, rate, 0.95)
        below, above = below + (high < truth), above + (low > truth)
    assert max(below, above) / draws <= 0.05
    assert min(below, above) / draws < 0.05


def test_limits_close_in_as_rows_grow():
    rng = np.random.default_rng(4)
    member = np.arange(400_000) % 2 == 0
    low, high = share_found_limits(member + rng.standard_normal(len(member)), member, 0.01, 0.95)
    truth = norm.sf(norm.isf(0.01) - 1)
    assert low < truth < high
    assert high - low < 0.02


def test_without_non_members_above_the_lower_limit_is_nothing():
    member = np.array([True] * 20 + [False] * 20)
    low, high = share_found_limits(member.astype(float), member, 0.001, 0.95)
    assert (low, high) == (0.0, 1.0)


@settings(deadline=None)
@given(ROWS, st.sampled_from([0.01, 0.1, 0.3]))
def test_the_limits_hold_the_share_between_them_however_scores_tie(rows, rate):
    scores, member = np.array([score for score, _ in rows], float), np.array([of for _, of in rows])
    low, high = share_found_limits(scores, member, rate, 0.95)
    assert low <= share_found(scores, member, rate) <= high


def test_limits_cover_where_the_highest_scores_tie():
    """A score that saturates: .026 of the others and .02 of the members share it, so at .01 none is found."""
    rng, members, others = np.random.default_rng(5), 400, 1000
    member = np.arange(members + others) < members
    over = 0
    for _ in range(400):
        saturated = rng.random(len(member)) < np.where(member, 0.02, 0.026)
        scores = np.where(saturated, 9.0, rng.standard_normal(len(member)))
        over += share_found_limits(scores, member, 0.01, 0.95)[0] > 0
    assert over / 400 <= 0.05
