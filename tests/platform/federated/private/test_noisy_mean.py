"""The mechanism: bounded parts, a fixed denominator, noise of the deviation that is accounted for."""

import math

import numpy as np
import pytest
import torch
from assay.platform.exceptions import SpecError
from assay.platform.federated.private.canaries import Canaries
from assay.platform.federated.private.noisy_mean import Answer
from assay.platform.privacy.accountant import SubsampledGaussian, epsilon_of
from assay.platform.privacy.clipping import AdaptiveClipping, FlatClipping
from assay.platform.privacy.noise import GaussianNoise
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats


def flat(update) -> np.ndarray:
    return np.concatenate([part.numpy().ravel() for part in update.values()])


def answers(mean, count, *, scale=1.0, seed=0):
    draw = torch.Generator().manual_seed(seed)
    views = list(zip(mean.names, mean.flat.views.values(), strict=True))
    return [
        Answer(
            update={name: scale * torch.randn(view.shape, generator=draw).double() for name, view in views}
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e30])
def test_without_noise_one_client_moves_the_sum_by_the_bound_at_most(mean, scale):
    """Of neighbouring rounds the sums differ by one clipped update, whoever else there is."""
    single, clients = answers(mean(), 1, scale=scale, seed=5), answers(mean(), 8)
    without = flat(mean(noise_multiplier=0.0).release(clients))
    with_it = flat(mean(noise_multiplier=0.0).release(clients + single))
    difference = np.linalg.norm(with_it - without) * 10
    assert difference <= 0.5 * (1 + 1e-9)
    assert difference == pytest.approx(min(0.5, np.linalg.norm(flat(single[0].update))), rel=1e-5)


@given(lengths=st.lists(st.floats(0, 1e12), min_size=0, max_size=6), bound=st.floats(1e-3, 1e3))
def test_however_long_updates_are_the_mean_is_no_longer_than_their_share_of_the_bound(mean, lengths, bound):
    ones = {"a": torch.ones(4, dtype=torch.float64) / 2}
    sent = [Answer(update={"a": length * ones["a"]}) for length in lengths]
    released = mean(likes=ones, noise_multiplier=0.0, clipping=FlatClipping(bound)).release(sent)
    expected = sum(min(length, bound) for length in lengths) / 10
    assert float(released["a"].norm()) == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert float(released["a"].norm()) <= expected * (1 + 1e-9) + 1e-12


def test_the_denominator_is_the_expected_number_however_many_answer(mean):
    one = answers(mean(), 1)[0]
    alone = flat(mean(noise_multiplier=0.0).release([one]))
    np.testing.assert_allclose(flat(mean(noise_multiplier=0.0).release([one] * 25)), 25 * alone)
    assert not flat(mean(noise_multiplier=0.0).release([])).any()


def test_noise_has_the_deviation_that_is_accounted_for_and_is_normal(mean):
    noisy = mean(noise_multiplier=1.7)
    drawn = np.concatenate([flat(noisy.release([])) for _ in range(40)])  # 24,280 numbers
    assert stats.kstest(drawn, "norm", args=(0, 1.7 * 0.5 / 10)).pvalue > 1e-3
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 4 / math.sqrt(len(drawn))
    spare = 40 * len(noisy.flat.spare)
    assert stats.chi2.cdf(noisy.spare_squares, spare) == pytest.approx(0.5, abs=0.499)


def test_what_a_client_says_of_the_bound_is_taken_and_else_its_update_is_measured(mean):
    seen = []

    class Counted(FlatClipping):
        def follow(self, below, units, release):
            seen.append((below, units))

    short, long = ({"a": torch.tensor([length], dtype=torch.float64)} for length in (0.1, 9.0))
    noisy = mean(likes={"a": torch.zeros(1)}, clipping=Counted(0.5))
    noisy.release([Answer(update=short), Answer(update=long), Answer(update=short, within=False)])
    assert seen == [(1.0, 3)]


def test_an_adaptive_bound_moves_as_the_papers_algorithm_1_does_and_finds_the_median(mean):
    """Brute force over 150 rounds of clients whose updates' lengths are spread evenly from 0.02 to 4."""
    lengths, bound = np.linspace(0.02, 4.0, 200), 0.1
    noisy = mean(
        likes={"a": torch.zeros(1)},
        noise_multiplier=0.0,
        expected=200,
        clipping=AdaptiveClipping(bound, 200, count_noise=1e-9),
    )
    sent = [Answer(update={"a": torch.tensor([length])}) for length in lengths]
    for _ in range(150):
        noisy.release(sent)
        share = np.mean([length <= bound for length in lengths])
        bound *= math.exp(-0.2 * (share - 0.5))
        assert noisy.clipping.bound == pytest.approx(bound, rel=1e-6)
    assert bound == pytest.approx(np.median(lengths), rel=0.02)


def test_an_adaptive_round_costs_what_it_is_accounted_for(mean):
    """Both releases of a round, as they are noised, composed by Google's accountant."""
    dp = pytest.importorskip("dp_accounting")
    from dp_accounting import rdp

    noisy = mean(noise_multiplier=1.5, expected=50, clipping=AdaptiveClipping(0.5, 50))
    on_the_sum = noisy.deviation * noisy.expected / noisy.clipping.bound
    on_the_count = noisy.clipping.deviation / 0.5  # a client adds 1/2 or takes it away
    both = dp.ComposedDpEvent([dp.GaussianDpEvent(on_the_sum), dp.GaussianDpEvent(on_the_count)])
    accountant = rdp.RdpAccountant([1 + x / 10 for x in range(1, 100)] + [*range(11, 64)])
    accountant.compose(dp.PoissonSampledDpEvent(0.1, both), 40)
    ran = SubsampledGaussian(noise_multiplier=1.5, sample_rate=0.1, steps=40)
    ours = epsilon_of([ran], delta=1e-4, accountant="rdp")
    assert ours == pytest.approx(accountant.get_epsilon(1e-4), rel=0.01)


def test_counting_that_costs_more_than_the_round_may_is_refused(mean):
    with pytest.raises(SpecError, match=r"counting[\s\S]*federated\.fraction"):
        mean(noise_multiplier=3.0, clipping=AdaptiveClipping(0.5, 10))


def test_canaries_that_take_part_score_higher_by_their_clipped_updates_and_move_no_weight(mean):
    included = np.arange(200) % 2 == 0
    told = {"included": included, "sample_rate": 1.0, "rng": np.random.default_rng(0)}
    canaries = Canaries(**told, scores=np.zeros(200))
    noisy = mean(noise_multiplier=0.1, canaries=canaries)
    plain = mean(noise_multiplier=0.1)
    for _ in range(5):
        np.testing.assert_array_equal(flat(noisy.release([])), flat(plain.release([])))
    apart = canaries.scores[included].mean() - canaries.scores[~included].mean()
    assert apart == pytest.approx(5 * 0.5 / 10, rel=0.05)


def test_seeded_noise_is_the_same_again_and_unseeded_is_not(mean):
    def once(seed):
        return flat(mean(noise=GaussianNoise(seed)).release([]))

    np.testing.assert_array_equal(once(3), once(3))
    assert not np.array_equal(once(None), once(None))
