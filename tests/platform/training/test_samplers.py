"""Which rows make a step."""

import torch
from assay.platform.training.samplers import Sequential, Shuffled
from hypothesis import given, settings
from hypothesis import strategies as st

sizes = st.integers(1, 300)


@settings(deadline=None)
@given(rows=sizes, batch_size=sizes, seed=st.integers(0, 2**40), epoch=st.integers(0, 5))
def test_an_epoch_holds_every_row_once_in_batches_that_differ_by_one_row_at_most(
    rows, batch_size, seed, epoch
):
    batches = list(Shuffled(rows, batch_size, seed).batches(epoch))
    assert sorted(torch.cat(batches).tolist()) == list(range(rows))
    lengths = {len(batch) for batch in batches}
    assert max(lengths) <= batch_size
    assert max(lengths) - min(lengths) <= 1
    assert len(batches) == Shuffled(rows, batch_size, seed).steps


@settings(deadline=None)
@given(rows=sizes, batch_size=sizes, seed=st.integers(0, 9), start=st.integers(0, 20))
def test_a_resumed_epoch_is_the_rest_of_the_whole_one(rows, batch_size, seed, start):
    sampler = Shuffled(rows, batch_size, seed)
    whole, rest = list(sampler.batches(1)), list(sampler.batches(1, start=start))
    assert [batch.tolist() for batch in rest] == [batch.tolist() for batch in whole[start:]]


def test_epochs_and_seeds_are_shuffled_differently():
    orders = {
        tuple(torch.cat(list(Shuffled(50, 8, seed).batches(epoch))).tolist())
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) == 9


def test_validation_rows_keep_their_order():
    assert torch.cat(list(Sequential(10, 4).batches())).tolist() == list(range(10))
