"""The likelihood ratio attack in a world where the best attack is known.

A model is the mean of its k rows in d dimensions plus noise, and a row's confidence is its product with the
mean. Given the row, that is normal with or without it, so the optimal test has a closed form.
"""

import numpy as np
import pytest
from assay.audits.intervals import roc_area
from assay.audits.privacy.lira import ENOUGH, offline_scores, online_scores
from assay.audits.privacy.shadows import halves
from scipy.special import ndtr
from scipy.stats import norm

ROWS, WIDTH, NOISE = 200, 100, 0.02


def world(models: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows (n, d), confidences (models, n) of noisy means, and who was in which."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((ROWS, WIDTH))
    included = halves(models, ROWS, rng=rng)
    means = included @ rows / (ROWS // 2) + NOISE * rng.standard_normal((models, WIDTH))
    return rows, means @ rows.T, included


def optimal(rows: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Log likelihood ratio from the world's own moments: the others are half of the other rows.

    The product of row x with the mean is x·x·s/k + (1/k) Σ_j s_j x_j·x + noise. Given all rows, s_j are fair
    coins drawn without replacement, so mean and variance are known.
    """
    k, n = ROWS // 2, ROWS
    products = rows @ rows.T
    own = np.diag(products)
    total, squares = products.sum(1) - own, np.square(products).sum(1) - own**2
    scatter = squares / (n - 1) - (total / (n - 1)) ** 2

    def density(inside: int) -> np.ndarray:
        taken = k - inside
        mean = (inside * own + taken * total / (n - 1)) / k
        without_replacement = taken * (n - 1 - taken) / (n - 2)
        variance = without_replacement * scatter / k**2 + NOISE**2 * own
        return norm.logpdf(confidence, mean, np.sqrt(variance))

    return density(1) - density(0)


@pytest.fixture(scope="module")
def shadows():
    """Many shadow models, and eight attacked models of the same world."""
    rows, confidence, included = world(1008, seed=0)
    return rows, confidence[8:], included[8:], confidence[:8], included[:8]


def area(scores: np.ndarray, member: np.ndarray) -> float:
    return roc_area(scores.ravel(), member.ravel())[0]


def test_with_many_shadow_models_it_is_the_optimal_attack(shadows):
    rows, known, included, attacked, member = shadows
    best = np.array([optimal(rows, of) for of in attacked])
    ours = np.array([online_scores(of, known, included) for of in attacked])
    assert area(best, member) > 0.8
    assert area(ours, member) == pytest.approx(area(best, member), abs=0.01)
    assert np.corrcoef(ours.ravel(), best.ravel())[0, 1] > 0.98


def test_sixteen_shadow_models_with_one_variance_lose_little(shadows):
    rows, known, included, attacked, member = shadows
    best = np.array([optimal(rows, of) for of in attacked])
    few = np.array([online_scores(of, known[:16], included[:16]) for of in attacked])
    assert area(best, member) - 0.1 < area(few, member) <= area(best, member) + 0.01


def test_offline_scores_are_the_chance_that_a_model_without_the_row_is_less_confident(shadows):
    _, known, included, attacked, member = shadows
    scores = np.array([offline_scores(of, known, included) for of in attacked])
    outside = np.ma.array(known, mask=included)
    by_rank = np.array([(outside < of).mean(axis=0).filled() for of in attacked])
    np.testing.assert_allclose(np.exp(scores), by_rank, atol=0.08)
    assert area(scores, member) > 0.75


def test_scores_are_a_brute_force_ratio_of_densities():
    rng = np.random.default_rng(1)
    known, attacked = rng.standard_normal((80, 3)), rng.standard_normal(3)
    included = halves(80, 4, rng=rng)[:, :3]
    for row in range(3):
        inside, outside = known[included[:, row], row], known[~included[:, row], row]
        ratio = norm.logpdf(attacked[row], inside.mean(), inside.std(ddof=1)) - norm.logpdf(
            attacked[row], outside.mean(), outside.std(ddof=1)
        )
        assert online_scores(attacked, known, included)[row] == pytest.approx(ratio)
        tail = norm.logcdf(attacked[row], outside.mean(), outside.std(ddof=1))
        assert offline_scores(attacked, known, included)[row] == pytest.approx(tail)


def test_few_models_share_a_variance_that_is_unbiased():
    rng = np.random.default_rng(2)
    assert ENOUGH > 8
    known, included = 3.0 * rng.standard_normal((8, 5000)), halves(8, 5000, rng=rng)
    scores = offline_scores(np.zeros(5000), known, included)
    means = np.mean(known, axis=0, where=~included)
    deviation = -means / norm.ppf(np.exp(scores))
    np.testing.assert_allclose(deviation, 3.0, rtol=0.03)
    np.testing.assert_allclose(np.exp(scores), ndtr(-means / deviation[0]), rtol=1e-6)
