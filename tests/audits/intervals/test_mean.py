import numpy as np
import pytest
from assay.audits.intervals import Means, Moments, Roots, means
from scipy.stats import norm, t

Z = norm.ppf(0.975)


def test_limits_without_a_guard_are_students():
    moments = Moments(mean=np.array([4.0]), error=np.array([0.5]), freedom=np.array([19.0]))
    low, high = Means(value=moments.mean, below=moments, above=moments, positive=False).limits(Z)
    np.testing.assert_allclose([low[0], high[0]], t.interval(0.95, 19, 4.0, 0.5), rtol=1e-9)


def test_moments_are_those_of_the_rows_and_one_more():
    values = np.array([1.0, 2.0, 7.0, 3.0, 3.5])
    codes = np.array([0, 0, 1, 1, 1])
    found = means(values, codes, 2, positive=False)
    more = np.array([7.0, 3.0, 3.5, 7.0])
    assert found.above.mean[1] == pytest.approx(more.mean())
    assert found.above.error[1] == pytest.approx(more.std(ddof=1) / 2)
    found = means(values, codes, 2, positive=True)
    more = np.array([7.0, 3.0, 3.5, 14.0])
    assert (found.above.mean[1], found.above.error[1]) == pytest.approx((more.mean(), more.std(ddof=1) / 2))
    plain = values[2:]
    assert (found.below.mean[1], found.below.error[1]) == pytest.approx(
        (plain.mean(), plain.std(ddof=1) / 3**0.5)
    )


def test_equal_weights_change_nothing():
    rng = np.random.default_rng(0)
    values, codes = rng.exponential(size=50), np.arange(50) % 3
    np.testing.assert_allclose(
        means(values, codes, 3, np.full(50, 7.0), positive=True).limits(Z),
        means(values, codes, 3, positive=True).limits(Z),
    )


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda rng, size: np.abs(rng.normal(size=size)), np.sqrt(2 / np.pi)),
        (lambda rng, size: np.abs(rng.laplace(size=size)), 1.0),
        (lambda rng, size: rng.normal(size=size) ** 2, 1.0),
    ],
    ids=["half-normal", "exponential", "chi-square"],
)
@pytest.mark.parametrize("rows", [20, 200])
def test_means_of_skewed_errors_are_covered_in_simulation(draw, truth, rows):
    values = draw(np.random.default_rng(1), (2000, rows))
    found = means(values.ravel(), np.repeat(np.arange(2000), rows), 2000, positive=True)
    low, high = found.limits(Z)
    assert np.mean((low <= truth) & (truth <= high)) >= 0.94
    np.testing.assert_allclose(Roots(found).limits(Z)[1], np.sqrt(high))


def test_faultless_errors_have_no_width():
    found = means(np.zeros(30), np.zeros(30, dtype=int), 1, positive=True)
    assert found.limits(Z)[1][0] == 0


def test_a_single_row_has_no_limits():
    low, high = means(np.array([3.0]), np.array([0]), 1, positive=True).limits(Z)
    assert np.isnan(low[0])
    assert np.isnan(high[0])
