"""Streams of random numbers."""

import random

import numpy as np
import torch
from assay.platform.training.seeding import derive, generator, reproducible, seed_default
from hypothesis import given, settings
from hypothesis import strategies as st


def draws() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_the_same_seed_gives_the_same_numbers_in_python_numpy_and_torch():
    with reproducible(3):
        first = draws()
    with reproducible(3):
        assert draws() == first
    with reproducible(4):
        assert all(one != other for one, other in zip(draws(), first, strict=True))


def test_settings_are_given_back_even_after_an_error():
    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    try:
        with reproducible(0, threads=1) as threads:
            assert threads == 1
            assert torch.are_deterministic_algorithms_enabled()
            raise RuntimeError
    except RuntimeError:
        pass
    assert (torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()) == before


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**62), st.text(max_size=5), st.integers(0, 9)), unique=True, min_size=2
    )
)
def test_streams_of_different_names_have_different_seeds(keys):
    seeds = {derive(seed, name, number) for seed, name, number in keys}
    assert len(seeds) == len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_names_are_not_run_together():
    assert derive(1, "a", "bc") != derive(1, "ab", "c")


def test_a_stream_starts_at_the_same_place_again():
    first, again = (torch.rand(5, generator=generator(7, "views", 2)) for _ in range(2))
    assert torch.equal(first, again)


def test_dropout_follows_the_default_stream():
    outcomes = []
    for _ in range(2):
        seed_default(torch.device("cpu"), 11)
        outcomes.append(torch.nn.functional.dropout(torch.ones(100), 0.5))
    assert torch.equal(*outcomes)
