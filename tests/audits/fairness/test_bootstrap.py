import numpy as np
import pytest
from assay.audits.fairness.bootstrap import macro_f1, replicates
from assay.audits.fairness.counts import Cells, cells
from assay.audits.fairness.gaps import difference
from assay.audits.fairness.groups import encode
from assay.audits.fairness.rates import rate
from scipy.stats import ks_2samp


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "c"], 400, p=[0.7, 0.2, 0.1])
    return rng.integers(0, 2, 400), rng.integers(0, 2, 400), encode("g", group)


def test_replicates_distribute_as_those_of_a_row_resample_bootstrap(world):
    y_true, y_pred, groups = world
    ours = difference(
        replicates(cells(groups, y_true, y_pred, 2), draws=3000, seed=1).confusion(),
        "demographic_parity_difference",
    )
    rng, theirs = np.random.default_rng(2), []
    for _ in range(3000):
        rows = rng.integers(0, 400, 400)
        counts = np.bincount(groups.codes[rows], minlength=3)
        rates = np.bincount(groups.codes[rows], y_pred[rows], 3) / counts
        theirs.append(np.ptp(rates))
    assert ks_2samp(ours, theirs).pvalue > 0.001


def test_replicates_have_the_moments_of_the_multinomial(world):
    y_true, y_pred, groups = world
    table = cells(groups, y_true, y_pred, 2)
    drawn = replicates(table, draws=40_000, seed=3).weight.reshape(40_000, -1)
    share = table.weight.ravel() / 400
    np.testing.assert_allclose(drawn.mean(axis=0), 400 * share, atol=0.2)
    expected = 400 * (np.diag(share) - np.outer(share, share))
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=1.5)
    assert np.all(drawn.sum(axis=1) == 400)


def test_replicates_of_a_rate_vary_as_the_closed_form_says(world):
    y_true, y_pred, groups = world
    table = cells(groups, y_true, y_pred, 2)
    drawn = rate(replicates(table, draws=20_000, seed=4).confusion(), "selection_rate")
    p, n = rate(table.confusion(), "selection_rate"), groups.sizes
    np.testing.assert_allclose(drawn.std(axis=0), np.sqrt(p * (1 - p) / n), rtol=0.06)


def test_macro_f1_varies_as_rows_that_are_resampled_say():
    rng = np.random.default_rng(5)
    y_true = rng.choice(3, 600, p=[0.5, 0.3, 0.2])
    y_pred = np.where(rng.random(600) < 0.7, y_true, rng.integers(0, 3, 600))
    groups = encode("g", np.array(["a"] * 600))
    found = macro_f1(cells(groups, y_true, y_pred, 3), draws=2000, seed=0)
    values = [
        macro_f1(cells(groups, y_true[rows], y_pred[rows], 3), draws=2, seed=0).value[0]
        for rows in rng.integers(0, 600, (500, 600))
    ]
    low, high = found.limits(1.0)
    assert (high[0] - low[0]) / 2 == pytest.approx(np.std(values), rel=0.15)


def test_equal_weights_leave_the_limits_of_macro_f1_as_they_are():
    table = np.array([[[30.0, 5, 2], [4, 20, 1], [3, 2, 12]]])
    plain = macro_f1(Cells(weight=table, squared=table), draws=500, seed=0)
    weighted = macro_f1(Cells(weight=table * 4, squared=table * 16), draws=500, seed=0)
    np.testing.assert_allclose(weighted.limits(1.96), plain.limits(1.96))
