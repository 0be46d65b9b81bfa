import numpy as np
import pytest
from assay.audits.robustness import foreign_rows
from scipy.spatial.distance import cdist, mahalanobis
from scipy.special import logsumexp

RNG = np.random.default_rng(0)


def test_energy_is_log_sum_exp_and_survives_large_logits():
    logits = RNG.normal(size=(20, 5)) * 10
    np.testing.assert_allclose(foreign_rows.energy(logits), logsumexp(logits, axis=1))
    assert foreign_rows.energy(np.array([[1e4, 1e4]])) == pytest.approx(1e4 + np.log(2))


def test_the_neighbour_is_the_kth_on_the_sphere():
    known, asked = RNG.normal(size=(40, 6)), RNG.normal(size=(10, 6))
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (asked, known)]
    expected = -np.sort(cdist(*unit), axis=1)[:, 6]
    np.testing.assert_allclose(foreign_rows.nearest_neighbour(known, asked, 7), expected)
    last = -np.sort(cdist(*unit), axis=1)[:, -1]
    np.testing.assert_allclose(foreign_rows.nearest_neighbour(known, asked, 999), last)


def test_the_distance_is_mahalanobis_to_the_nearest_class_mean():
    classes = RNG.integers(0, 3, 300)
    known, asked = RNG.normal(size=(300, 4)) + 2 * classes[:, None], RNG.normal(size=(8, 4))
    means = [known[classes == c].mean(axis=0) for c in range(3)]
    centred = known - np.stack(means)[classes]
    covariance = centred.T @ centred / 300
    covariance += 1e-3 * np.trace(covariance) / 4 * np.eye(4)
    inverse = np.linalg.inv(covariance)
    expected = [-min(mahalanobis(row, m, inverse) ** 2 for m in means) for row in asked]
    np.testing.assert_allclose(foreign_rows.mahalanobis(known, classes, asked), expected, rtol=1e-6)


def test_dead_units_do_not_break_the_distance():
    known = np.zeros((20, 3))
    known[:, 0] = RNG.normal(size=20)
    assert np.isfinite(foreign_rows.mahalanobis(known, np.zeros(20, int), known)).all()
