"""Poisson sampling, against the binomial distribution."""

import numpy as np
import pytest
import torch
from assay.platform.exceptions import SpecError
from assay.platform.privacy.poisson_sampler import Poisson
from scipy import stats


def test_rows_take_part_independently_at_the_sample_rate():
    sampler = Poisson(200, 20, seed=0)
    steps = [index for epoch in range(400) for index in sampler.batches(epoch)]
    taken = np.zeros((len(steps), 200))
    for step, index in enumerate(steps):
        taken[step, index.numpy()] = 1
    sizes = taken.sum(1)
    assert abs(sizes.mean() - 20) < 5 * (18 / len(steps)) ** 0.5
    assert abs(sizes.var() / 18 - 1) < 5 * (2 / len(steps)) ** 0.5
    assert stats.chi2.sf(np.square(taken.sum(0) - 400).sum() / (4000 * 0.1 * 0.9), 200) > 1e-4
    # Neighbouring rows, and the same row in consecutive steps.
    for first, second in ((taken[:, :-1], taken[:, 1:]), (taken[:-1], taken[1:])):
        together = float((first * second).mean())
        assert abs(together - 0.01) < 5 * (0.01 / first.size) ** 0.5


def test_rows_are_distinct_and_in_range():
    sampler = Poisson(50, 25, seed=1)
    for index in sampler.batches(0):
        assert index.dtype == torch.int64
        assert len(set(index.tolist())) == len(index)
        assert (index >= 0).all()
        assert (index < 50).all()


def test_a_rate_of_one_takes_every_row():
    assert next(iter(Poisson(7, 7).batches(0))).tolist() == list(range(7))


def test_a_run_resumes_at_any_step():
    sampler = Poisson(100, 10, seed=2)
    whole = list(sampler.batches(3))
    rest = list(sampler.batches(3, start=4))
    assert len(whole) == sampler.steps == 10
    assert all(torch.equal(a, b) for a, b in zip(whole[4:], rest, strict=True))
    assert not torch.equal(whole[0], next(iter(sampler.batches(4))))


def test_without_a_seed_nobody_knows_who_was_drawn():
    first, second = (list(Poisson(1000, 100).batches(0)) for _ in range(2))
    assert not any(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("batch_size", [0, 11])
def test_a_batch_larger_than_the_data_is_refused(batch_size):
    with pytest.raises(SpecError, match="10 rows"):
        Poisson(10, batch_size)
