"""Entries count rows: order and sums survive any number of parts and any loss of bits."""

import numpy as np
import pytest
from assay.audits.stream.condenser import Condenser, Entries, leading_bits, score_ranks
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=50)
SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=50)


@given(NUMBERS, st.integers(2, 12))
def test_leading_bits_keep_the_order(values, bits):
    values = np.sort(np.array(values) + 0.0)
    assert (np.diff(leading_bits(values, bits)) >= 0).all()


@given(SCORES, st.integers(4, 12))
def test_ranks_keep_the_order_of_scores_and_their_relative_precision_at_both_ends(scores, bits):
    scores = np.sort(np.array(scores) + 0.0)
    ranks = score_ranks(scores, bits)
    assert (np.diff(ranks) >= 0).all()
    normal = (scores > 1e-300) & (scores < 1 - 1e-15)
    for rank in np.unique(ranks[normal]):
        tied = scores[normal & (ranks == rank)]
        tail = np.minimum(tied, 1 - tied)
        assert np.ptp(tied) <= 2.0**-bits * tail.min() * (1 + 1e-6)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 7))
def test_entries_of_parts_add_up_to_those_of_the_whole(seed, parts):
    rng = np.random.default_rng(seed)
    n, most = 400, 60
    kind, score = rng.integers(0, 3, n), rng.random(n)
    weight = rng.uniform(0, 2, n)
    condenser = Condenser(most=most)
    for rows in np.array_split(np.arange(n), parts):
        condenser.add(
            Entries(
                kind=kind[rows],
                codes=score_ranks(score[rows], 12)[None],
                rows=np.ones(len(rows), dtype=np.int64),
                weight=weight[rows],
                squared=weight[rows] ** 2,
                sums=score[rows][None],
            )
        )
    found = condenser.entries()
    assert len(found) <= most or condenser.bits == 5
    for group in range(3):
        inside = found.kind == group
        assert found.rows[inside].sum() == (kind == group).sum()
        assert found.weight[inside].sum() == pytest.approx(weight[kind == group].sum())
        assert found.squared[inside].sum() == pytest.approx((weight[kind == group] ** 2).sum())
        assert found.sums[0][inside].sum() == pytest.approx(score[kind == group].sum())
