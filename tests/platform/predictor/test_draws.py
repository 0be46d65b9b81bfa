"""Repeatable chance."""

import numpy as np
from assay.platform.predictor.draws import draw
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest


def rows(count: int):
    chance = np.random.default_rng(0)
    return chance.normal(0, 1, (count, 2)), chance.integers(0, 5, (count, 3))


def test_draws_are_uniform_and_unrelated_between_purposes():
    features = rows(4000)
    first, second = (draw(features, salt="s", purpose=purpose) for purpose in ("decision", "member"))
    assert kstest(first, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert 0 <= first.min() <= first.max() < 1


def test_a_row_has_its_draw_wherever_it_stands():
    numeric, codes = rows(50)
    order = np.random.default_rng(1).permutation(50)
    together = draw((numeric, codes), salt="s", purpose="decision")
    np.testing.assert_array_equal(
        draw((numeric[order], codes[order]), salt="s", purpose="decision"), together[order]
    )


def test_one_zero_and_one_missing_value_are_known():
    odd = np.array([0xFFF8000000000001], dtype="<u8").view("<f8")  # another NaN than numpy's
    first, second = (
        draw((np.array([[zero, missing]]),), salt="s", purpose="decision")
        for zero, missing in ((0.0, np.nan), (-0.0, odd[0]))
    )
    assert first == second


def test_the_draw_of_a_known_row_never_changes():
    """Registered models rest on it: whoever changes the hash changes past decisions."""
    found = draw((np.array([[1.5, np.nan]]), np.array([[3]])), salt="salt", purpose="decision")
    assert found.tolist() == [0.1317797878148773]


@given(st.text(min_size=1, max_size=10), st.text(min_size=1, max_size=10))
def test_another_salt_draws_anew(one, other):
    features = rows(20)
    same = draw(features, salt=one, purpose="m") == draw(features, salt=other, purpose="m")
    assert same.all() == (one == other)


def test_no_row_has_no_draw():
    assert draw((np.empty((0, 2)),), salt="s", purpose="decision").shape == (0,)
