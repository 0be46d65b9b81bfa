"""Persons as the unit of privacy: drawn as coins would draw them, and bounded by brute force."""

import numpy as np
import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.exceptions import SpecError
from assay.platform.privacy.clipping import FlatClipping
from assay.platform.privacy.person_sampler import PersonSampler
from assay.platform.privacy.poisson_sampler import Poisson
from assay.platform.privacy.self_check import MechanismError, check_sampling
from assay.platform.privacy.stepper import private_stepper
from assay.platform.training.rows import Rows
from assay.platform.training.steppers import FullPrecision
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn

#: Forty persons with 1 to 7 rows each, in no order.
SIZES = np.arange(40) % 7 + 1
PERSONS = np.random.default_rng(0).permutation(np.repeat(np.arange(40), SIZES))


def steps_of(sampler: Poisson, epochs: int) -> list[np.ndarray]:
    return [index.numpy() for epoch in range(epochs) for index in sampler.batches(epoch)]


def test_persons_take_part_as_independent_coins_and_never_twice_in_a_step():
    steps = steps_of(PersonSampler(PERSONS, 8, seed=0), 800)
    taken = np.zeros((len(steps), 40), dtype=int)
    for step, index in enumerate(steps):
        np.add.at(taken[step], PERSONS[index], 1)
    assert taken.max() == 1
    counts = np.bincount(taken.sum(1), minlength=41)
    expected = len(steps) * stats.binom.pmf(np.arange(41), 40, 8 / 40)
    often = expected >= 5
    observed, foreseen = (np.append(of[often], of[~often].sum()) for of in (counts, expected))
    assert stats.chisquare(observed, foreseen).pvalue > 1e-4
    assert stats.chisquare(taken.sum(0)).pvalue > 1e-4, "however many rows one has"


def test_a_persons_rows_take_part_evenly():
    drawn = np.concatenate(steps_of(PersonSampler(PERSONS, 8, seed=1), 800))
    counts = np.bincount(drawn, minlength=len(PERSONS))
    for person in np.flatnonzero(SIZES > 1):
        assert stats.chisquare(counts[person == PERSONS]).pvalue > 1e-5


def test_one_row_a_person_takes_part_as_often_as_rows_do():
    sampler = PersonSampler(np.arange(50), 10, seed=3)
    rows = Poisson(50, 10, seed=3)
    assert (sampler.sample_rate, sampler.steps) == (rows.sample_rate, rows.steps) == (0.2, 5)
    assert all(torch.equal(a, b) for a, b in zip(sampler.batches(2), rows.batches(2), strict=True))


def test_a_run_resumes_at_any_step_by_its_key_alone():
    sampler, other = PersonSampler(PERSONS, 8), PersonSampler(PERSONS, 8)
    other.restore(sampler.state())
    whole = list(sampler.batches(3))
    assert all(torch.equal(a, b) for a, b in zip(whole[2:], other.batches(3, start=2), strict=True))
    assert all((index.diff() > 0).all() for index in whole)


def test_more_persons_a_batch_than_there_are_is_refused():
    with pytest.raises(SpecError, match="41 from 40 persons"):
        PersonSampler(PERSONS, 41)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 39), st.floats(0.01, 10))
def test_without_one_person_the_clipped_sum_of_the_same_coins_moves_by_the_bound_at_most(seed, gone, bound):
    """Brute force: neighbouring data sets differ by a person and all of their rows."""
    torch.manual_seed(seed % 1000)
    network = nn.Linear(3, 2)
    data = Rows(inputs=(3 * torch.randn(len(PERSONS), 3),), target=torch.randint(0, 2, (len(PERSONS),)))
    drawn = next(iter(PersonSampler(PERSONS, 20, seed).batches(0)))
    with_all, without = (
        clipped_sum(network, data, index, bound)
        for index in (drawn, drawn[torch.from_numpy(PERSONS[drawn.numpy()] != gone)])
    )
    distance = float((with_all - without).norm())
    assert distance <= bound * (1 + 1e-4)
    assert (distance > 0) == (gone in PERSONS[drawn.numpy()])


def test_rows_as_the_unit_would_break_a_persons_bound():
    """The fault that the sampler is there for: by rows, a person with seven moves the sum seven times."""
    data = Rows(inputs=(torch.ones(len(PERSONS), 3),), target=torch.zeros(len(PERSONS), dtype=torch.int64))
    everyone = torch.arange(len(PERSONS))
    network = nn.Linear(3, 2)
    of_person = torch.from_numpy(PERSONS != 6)
    moved = clipped_sum(network, data, everyone, 0.1) - clipped_sum(network, data, everyone[of_person], 0.1)
    assert float(moved.norm()) > 6 * 0.1


def clipped_sum(network: nn.Module, data: Rows, index: torch.Tensor, bound: float) -> torch.Tensor:
    stepper = private_stepper(
        Classification(network), FullPrecision(torch.Generator()),
        clipping=FlatClipping(bound), noise_multiplier=0.0, expected_batch=1, noise_seed=0,
    )  # fmt: skip
    stepper.backward(Classification(network), data.batch(index))
    stepper.engine.close()
    return torch.cat([part.flatten() for part in stepper.gradient.views.values()])


def test_the_self_check_passes_persons_and_finds_rows_that_are_drawn_beside_them():
    check_sampling(PersonSampler(PERSONS, 8, seed=0))

    class Again(PersonSampler):
        """Draws rows by coins of their own, whoever's they are."""

        def _draw(self, stream):
            return Poisson(len(self.persons), 8)._draw(stream)

    with pytest.raises(MechanismError, match="a person took part twice in one step"):
        check_sampling(Again(PERSONS, 8, seed=0))


def test_the_self_check_finds_persons_who_are_drawn_by_their_number_of_rows():
    class ByRows(PersonSampler):
        def _draw(self, stream):
            rows = Poisson(len(self.persons), 9)._draw(stream)  # eight persons, about
            return rows[np.unique(self.persons[rows], return_index=True)[1]]

    with pytest.raises(MechanismError, match="times that a person takes part"):
        check_sampling(ByRows(PERSONS, 8, seed=0))
