"""Numbers that become integers: the bound of the error, what is cut, and what can't be summed."""

import numpy as np
import pytest
from assay.platform.exceptions import AssayError
from assay.platform.federated.secure.fixed_point import FixedPoint
from assay.platform.federated.secure.masks import wrapped
from hypothesis import given, settings
from hypothesis import strategies as st


def summed(fixed, parts, weights, seed=0, counts=()):
    """What the server makes of the plain sum of clients' parts."""
    draw = np.random.default_rng(seed)
    encoded = [
        fixed.encode(np.asarray(part), weight, counts, clients=len(parts), draw=draw)
        for part, weight in zip(parts, weights, strict=True)
    ]
    return fixed.decode(wrapped(np.sum(encoded, axis=0, dtype=np.uint64), fixed.width), len(counts))


@settings(max_examples=60)
@given(
    bits=st.sampled_from([8, 9, 16, 24, 32]),
    clip=st.floats(1e-3, 1e3),
    weights=st.lists(st.integers(1, 10**6), min_size=1, max_size=12),
    seed=st.integers(0, 1000),
)
def test_the_error_of_every_mean_stays_below_one_step(bits, clip, weights, seed):
    fixed = FixedPoint(clip=clip, bits=bits)
    parts = np.random.default_rng(seed).uniform(-clip, clip, (len(weights), 50))
    parts[0, :3] = [-clip, clip, 0.0]
    found = summed(fixed, parts, weights, seed)
    expected = np.average(parts, axis=0, weights=weights)
    assert found.weight == sum(weights)
    assert found.cut == 0
    assert np.abs(found.means - expected).max() < fixed.step * (1 + 1e-9)


def test_the_bound_is_nearly_reached_by_one_client_and_shrinks_on_average():
    fixed, draw = FixedPoint(clip=1.0, bits=8), np.random.default_rng(1)
    alone = draw.uniform(-1, 1, (1, 20_000))
    worst = np.abs(summed(fixed, alone, [5]).means - alone[0]).max()
    assert 0.95 * fixed.step < worst < fixed.step
    many = draw.uniform(-1, 1, (16, 20_000))
    error = summed(fixed, many, [5] * 16).means - many.mean(axis=0)
    # A rounding with u uniform has variance p (1 - p) step², 1/6 on average over p; 16 clients have a mean.
    assert error.std() == pytest.approx(fixed.step * np.sqrt(1 / 6 / 16), rel=0.02)
    assert abs(error.mean()) < 5 * error.std() / np.sqrt(error.size)


def test_rounding_is_right_on_average_everywhere():
    fixed = FixedPoint(clip=1.0, bits=8)
    value = -1 + 3.3 * fixed.step
    means = [summed(fixed, [[value]], [1], seed).means[0] for seed in range(4000)]
    assert np.mean(means) == pytest.approx(value, abs=5 * fixed.step * np.sqrt(0.21 / 4000))
    assert {round((mean + 1) / fixed.step) for mean in means} == {3, 4}


def test_what_is_cut_is_counted():
    fixed = FixedPoint(clip=0.5, bits=16)
    found = summed(fixed, [[0.6, -9.0, 0.5], [0.1, 0.1, -0.50001]], [1, 1])
    assert found.cut == 3
    np.testing.assert_allclose(found.means, [0.3, -0.2, 0.0], atol=fixed.step)


@given(st.lists(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=2), min_size=1, max_size=9))
def test_whole_numbers_are_summed_exactly_below_zero_too(counts):
    fixed, draw = FixedPoint(clip=1.0, bits=8), np.random.default_rng(0)
    parts = [fixed.encode(np.zeros(0), 1, told, clients=9, draw=draw) for told in counts]
    found = fixed.decode(wrapped(np.sum(parts, axis=0, dtype=np.uint64), fixed.width), 2)
    assert found.counts == tuple(map(sum, zip(*counts, strict=True)))


@pytest.mark.parametrize("bits", [8, 24, 32])
def test_the_largest_sum_still_fits(bits):
    fixed, rows = FixedPoint(clip=1.0, bits=bits), 2**30 - 1
    found = summed(fixed, [[1.0, -1.0]] * 4, [rows] * 4)
    np.testing.assert_allclose(found.means, [1.0, -1.0], atol=1e-12)
    assert found.weight == 4 * rows
    with pytest.raises(AssayError, match="so large a number"):
        summed(fixed, [[1.0, -1.0]] * 4, [2**30] * 4)


def test_a_count_that_would_wrap_is_refused():
    fixed = FixedPoint(clip=1.0, bits=8)
    with pytest.raises(AssayError, match="so large a number"):
        summed(fixed, [[0.0]], [1], counts=(2**39,))
    assert summed(fixed, [[0.0]], [1], counts=(-(2**39) + 1,)).counts == (-(2**39) + 1,)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_not_sent(value):
    with pytest.raises(AssayError, match="isn't finite"):
        summed(FixedPoint(clip=1.0, bits=8), [[value]], [1])


def test_a_mean_over_no_rows_is_none():
    fixed = FixedPoint(clip=1.0, bits=8)
    with pytest.raises(AssayError, match="nobody in the sum has a row"):
        summed(fixed, [[0.5], [0.5]], [0, 0])
    assert summed(fixed, [[], []], [0, 0]).weight == 0


def test_a_mask_that_was_left_in_the_sum_is_noticed():
    fixed, draw = FixedPoint(clip=1.0, bits=24), np.random.default_rng(0)
    part = fixed.encode(np.zeros(10), 50, (), clients=2, draw=draw)
    noise = draw.integers(0, 2**56, len(part), dtype=np.uint64)
    with pytest.raises(AssayError, match="masks were left"):
        fixed.decode(wrapped(part + noise, fixed.width), 0)
