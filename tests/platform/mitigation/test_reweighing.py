"""Reweighing: what the weights make true, exactly."""

import numpy as np
import pytest
from assay.platform.mitigation.reweighing import reweighing
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_every_group_has_the_same_weighted_share_of_each_label(seed, weighted):
    draw = np.random.default_rng(seed)
    codes, y_true = draw.integers(0, 3, 200), draw.integers(0, 2, 200)
    codes[:6], y_true[:6] = [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1]  # no cell is empty
    own = draw.uniform(0.5, 2, 200) if weighted else None
    weight = reweighing(y_true, codes, own)
    shares = [np.average(y_true[codes == code], weights=weight[codes == code]) for code in range(3)]
    np.testing.assert_allclose(shares, np.average(y_true, weights=own))
    before = np.ones(200) if own is None else own
    np.testing.assert_allclose(np.bincount(codes, weight), np.bincount(codes, before))


def test_the_weights_of_the_paper_in_a_table_of_four():
    codes, y_true = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    # W(s, y) = P(s) P(y) / P(s, y): (3/4 * 1/2) / (2/4), (3/4 * 1/2) / (1/4), (1/4 * 1/2) / (1/4)
    assert reweighing(y_true, codes) == pytest.approx([0.75, 0.75, 1.5, 0.5])


def test_a_strength_of_nothing_leaves_the_weights_alone():
    codes, y_true = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert reweighing(y_true, codes, strength=0.0).tolist() == [1, 1, 1, 1]
