"""Doing with few labels."""

import numpy as np
from assay.platform.training.labels import labelled_rows
from hypothesis import given, settings
from hypothesis import strategies as st

targets = st.lists(st.integers(0, 3), min_size=1, max_size=200).map(np.array)
fractions = st.floats(0.01, 1.0)


def choose(target, *, classes=4, fraction=1.0, per_class=None, seed=0, split="train"):
    return labelled_rows(
        target, classes=classes, fraction=fraction, per_class=per_class, seed=seed, split=split
    )


@settings(deadline=None)
@given(targets, fractions, st.integers(0, 5))
def test_a_share_is_taken_of_each_class_and_at_least_one_row(target, fraction, seed):
    chosen = choose(target, fraction=fraction, seed=seed)
    assert np.all(np.diff(chosen) > 0)
    for code in range(4):
        there, kept = (target == code).sum(), (target[chosen] == code).sum()
        assert kept == (0 if there == 0 else max(1, round(fraction * there)))


@settings(deadline=None)
@given(targets, st.integers(1, 30))
def test_labels_are_counted_by_class_as_far_as_there_are_any(target, per_class):
    chosen = choose(target, per_class=per_class)
    for code in range(4):
        assert (target[chosen] == code).sum() == min(per_class, (target == code).sum())


@settings(deadline=None)
@given(targets, fractions, fractions)
def test_a_larger_share_contains_every_smaller_one(target, one, other):
    small, large = (set(choose(target, fraction=share)) for share in sorted((one, other)))
    assert small <= large


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=100).map(np.array), fractions)
def test_numbers_are_one_stratum(target, fraction):
    assert len(choose(target, classes=0, fraction=fraction)) == max(1, round(fraction * len(target)))


def test_everything_is_taken_unless_it_is_limited():
    assert choose(np.zeros(7, int)).tolist() == list(range(7))


def test_seeds_and_splits_choose_differently():
    target = np.zeros(1000, int)
    choices = {
        tuple(choose(target, fraction=0.1, seed=seed, split=split))
        for seed in (0, 1)
        for split in ("train", "validation")
    }
    assert len(choices) == 4
