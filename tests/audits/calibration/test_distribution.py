"""Quantiles and shares of scores against numpy's, on rows and on entries that stand for many."""

import numpy as np
import pytest
from assay.audits.calibration.distribution import QUANTILES, distribution
from assay.audits.intervals import Mass
from hypothesis import given
from hypothesis import strategies as st

SCORES = st.lists(st.integers(0, 1000).map(lambda value: value / 1000), min_size=1, max_size=60)


@given(SCORES)
def test_quantiles_are_numpys_inverted_cdf(scores):
    score = np.array(scores)
    found = distribution(score, Mass.of(None, len(score)))["quantiles"]
    expected = np.quantile(score, QUANTILES, method="inverted_cdf")
    assert list(found.values()) == pytest.approx(expected.tolist())


@given(SCORES, st.randoms(use_true_random=False))
def test_a_weight_counts_as_so_many_rows(scores, random):
    score, times = np.array(scores), np.array([random.randint(1, 4) for _ in scores])
    weighted = distribution(score, Mass.of(times.astype(float), len(score)))
    repeated = distribution(np.repeat(score, times), Mass.of(None, int(times.sum())))
    assert weighted["quantiles"] == repeated["quantiles"]
    assert weighted["shares"] == pytest.approx(repeated["shares"])


def test_shares_of_the_tenths_sum_to_1_and_the_last_holds_1():
    found = distribution(np.array([0.0, 0.05, 0.95, 1.0]), Mass.of(None, 4))["shares"]
    assert found == [0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.5]
