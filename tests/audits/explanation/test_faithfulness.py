"""The checks on explanations, checked: a faithful one passes, an unfaithful one is caught."""

import numpy as np
import pytest
import torch
from assay.audits.explanation.deletion import advantages
from assay.audits.explanation.randomization import randomized, rank_correlation, spearman
from scipy.stats import spearmanr
from torch import nn

WEIGHTS = np.array([4.0, 3.0, 2.0, 1.0, 0.0])


def score(gone, row):
    """Each row loses the weight of every part that is gone."""
    return ~gone @ WEIGHTS


def test_deleting_and_inserting_by_true_importance_beat_random_by_what_can_be_worked_out():
    """The best order leaves 10, 6, 3, 1, 0, 0: mean 20/6; inserted, 0, 4, 7, 9, 10, 10: mean 40/6; a random
    one loses 2 a step: mean 5."""
    deleted, inserted = advantages(score, np.tile(WEIGHTS, (400, 1)), seed=0)
    assert deleted.mean() == pytest.approx(5 - 20 / 6, abs=0.05)
    assert inserted.mean() == pytest.approx(40 / 6 - 5, abs=0.05)


def test_deleting_in_the_worst_order_is_worse_than_random():
    deleted, inserted = advantages(score, -np.tile(WEIGHTS, (50, 1)), seed=0)
    assert deleted.mean() < -1
    assert inserted.mean() < -1


def test_deleting_by_an_order_that_means_nothing_is_like_random():
    noise = np.random.default_rng(5).random((2000, 5))
    assert all(abs(found.mean()) < 0.06 for found in advantages(score, noise, seed=0))


def test_many_parts_go_in_few_steps():
    calls = []

    def counted(gone, row):
        calls.append(len(gone))
        return gone.mean(axis=1)

    advantages(counted, np.random.default_rng(0).random((3, 1000)), seed=0)
    assert calls == [3 * 17] * 5


def test_rank_correlation_is_scipys_and_zero_where_there_is_no_order():
    rng = np.random.default_rng(0)
    left, right = rng.random((20, 7)), rng.integers(0, 3, (20, 7)).astype(float)
    expected = [spearmanr(a, b).statistic for a, b in zip(left, right, strict=True)]
    np.testing.assert_allclose(spearman(left, right), expected)
    assert spearman(left[:1], np.ones((1, 7))) == 0


def test_randomized_weights_are_new_alike_in_scale_and_leave_the_model_alone():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    before = [parameter.clone() for parameter in network.parameters()]
    other = randomized(network, seed=0)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), before, strict=True))
    assert not torch.equal(other[0].weight, network[0].weight)
    assert other[0].weight.std().item() == pytest.approx(network[0].weight.std().item(), rel=0.05)
    assert torch.equal(other[0].weight, randomized(network, seed=0)[0].weight)


def test_an_explanation_that_ignores_the_weights_is_caught():
    """Adebayo et al.: an edge detector 'explains' a random network as well as a trained one."""
    images = np.random.default_rng(0).random((10, 25))
    network = nn.Linear(25, 2)
    same = rank_correlation(network, images, lambda module: images, seed=0)
    np.testing.assert_allclose(same, 1.0)


def test_an_explanation_that_follows_the_weights_changes_with_them():
    torch.manual_seed(0)
    network = nn.Linear(200, 1)
    follow = lambda module: np.abs(module.weight.detach().numpy())  # noqa: E731
    assert abs(rank_correlation(network, follow(network), follow, seed=0)[0]) < 0.2
