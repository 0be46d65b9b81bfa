"""The search against brute force, its z against all permutations, its p against counting."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from assay.audits.slices import Columns
from assay.audits.slices.effect import effect
from assay.audits.slices.permutation import adjusted_p, critical, draw
from assay.audits.slices.residuals import Residual
from assay.audits.slices.search import Space, Strata, scan
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind


def columns(codes: np.ndarray) -> Columns:
    labels = tuple(tuple(map(str, range(column.max() + 1))) for column in codes.T)
    return Columns(
        names=tuple(f"c{i}" for i in range(codes.shape[1])), labels=labels, codes=codes.astype(np.uint8),
        left_out={},
    )  # fmt: skip


def brute_force(codes: np.ndarray, residual: np.ndarray, strata: np.ndarray, minimum: int) -> dict:
    """z of every slice of one to three columns, by masks."""
    found = {}
    for depth in (1, 2, 3):
        for chosen in combinations(range(codes.shape[1]), depth):
            for values in product(*(range(codes[:, c].max() + 1) for c in chosen)):
                inside = (codes[:, chosen] == values).all(axis=1)
                if minimum <= inside.sum() <= len(codes) - minimum:
                    mean = variance = 0.0
                    for stratum in np.unique(strata):
                        held = residual[strata == stratum]
                        n, all_ = inside[strata == stratum].sum(), len(held)
                        mean += n * held.mean()
                        if all_ > 1:
                            variance += n * (all_ - n) / all_ * held.var(ddof=1)
                    if variance > 0:
                        found[chosen, values] = abs(residual[inside].sum() - mean) / np.sqrt(variance)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_with_a_beam_as_wide_as_all_pairs_every_slice_is_searched(seed: int):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, [2, 3, 4, 2], (200, 4))
    residual = rng.integers(-9, 10, 200).astype(np.float32)
    strata = rng.integers(0, 3, 200)
    drawn = draw(residual, strata, 5, seed)
    space, rule = Space(columns(codes)), Strata(strata, residual, 8, signed=True)
    found = scan(space, rule, drawn, depth=3, beam=10_000)
    for place in range(drawn.shape[1]):
        expected = brute_force(codes, drawn[:, place].astype(float), strata, 8)
        assert found.largest[place] == pytest.approx(max(expected.values()), rel=1e-6)
    expected = sorted(brute_force(codes, residual.astype(float), strata, 8).values(), reverse=True)
    assert sum(found.looked_at) == len(expected)
    assert [z for z, _ in found.candidates] == pytest.approx(expected[: len(found.candidates)], rel=1e-6)


def test_a_narrow_beam_finds_no_more_and_always_all_pairs():
    rng = np.random.default_rng(0)
    codes, residual = rng.integers(0, 4, (300, 6)), rng.integers(-9, 10, 300).astype(np.float32)
    strata = np.zeros(300, int)
    space, rule = Space(columns(codes)), Strata(strata, residual, 5, signed=False)
    narrow, wide, pairs = (
        scan(space, rule, residual[:, None], depth=depth, beam=beam)
        for depth, beam in ((3, 2), (3, 10_000), (2, 2))
    )
    assert pairs.largest[0] <= narrow.largest[0] <= wide.largest[0]
    assert narrow.looked_at[:2] == wide.looked_at[:2] == pairs.looked_at


def test_z_has_the_mean_and_deviation_of_all_permutations():
    residual, inside = np.array([3.0, -1.0, 4.0, 1.0, -5.0]), np.array([0, 1, 0, 1, 1], bool)
    sums = np.array([np.array(order)[inside].sum() for order in permutations(residual)])
    rule = Strata(np.zeros(5, int), residual, 1, signed=False)
    z = rule.z(np.array([[residual[inside].sum()]]), np.array([[3]]))[0, 0]
    assert z == pytest.approx((residual[inside].sum() - sums.mean()) / sums.std(), rel=1e-6)


def test_a_draw_permutes_within_strata_and_begins_with_the_data():
    rng = np.random.default_rng(0)
    residual, strata = rng.normal(size=100), rng.integers(0, 4, 100)
    drawn = draw(residual, strata, 20, seed=1)
    assert (drawn[:, 0] == residual).all()
    for stratum in range(4):
        held = np.sort(drawn[strata == stratum], axis=0)
        assert (held == held[:, :1]).all()
    assert len(np.unique(drawn, axis=1).T) == 21


@given(
    st.lists(st.floats(0, 10), min_size=20, max_size=300), st.floats(0, 10),
    st.sampled_from([0.05, 0.01, 0.2]), st.integers(1, 3),
)  # fmt: skip
def test_a_slice_beyond_the_critical_z_is_one_whose_adjusted_p_is_small(largest, z, alpha, searches):
    held = np.array(largest)
    assert (z > critical(held, alpha, searches)) == (adjusted_p(z, held, searches) <= alpha + 1e-12)


def test_the_smallest_p_counts_the_data_themselves():
    assert adjusted_p(99.0, np.zeros(199), 1) == 1 / 200


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_without_strata_an_effect_is_welchs_t(seed: int):
    rng = np.random.default_rng(seed)
    values, rows = rng.normal(size=60), np.sort(rng.choice(60, 20, replace=False))
    found = effect(Residual(name="x", values=values, strata=np.zeros(60, int), signed=True), rows)
    rest = np.delete(values, rows)
    assert found.difference == pytest.approx(values[rows].mean() - rest.mean())
    assert found.z == pytest.approx(ttest_ind(values[rows], rest, equal_var=False).statistic)


def test_with_strata_a_slice_is_compared_with_rows_of_the_same_stratum():
    strata = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    values = np.array([0.0, 0, 1, 1, 10, 10, 11, 11])
    found = effect(Residual(name="x", values=values, strata=strata, signed=True), np.array([2, 6, 7]))
    assert found.elsewhere == pytest.approx((1 / 3 + 2 * 10) / 3)
    assert found.value == pytest.approx(23 / 3)
