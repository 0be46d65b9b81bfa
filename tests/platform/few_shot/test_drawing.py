"""Episodes as batches of row numbers."""

import numpy as np
import pytest
import torch
from assay.platform.exceptions import DataError
from assay.platform.few_shot.config import FewShotConfig, Shape
from assay.platform.few_shot.drawing import EpisodeSampler, rows_of_classes
from assay.platform.few_shot.judging import drawn
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(deadline=None, max_examples=40)
@given(way=st.integers(2, 4), shot=st.integers(1, 3), queries=st.integers(1, 3), seed=st.integers(0, 2**40))
def test_an_episode_has_its_classes_in_order_no_row_twice_and_no_class_twice(way, shot, queries, seed):
    target = torch.from_numpy(np.random.default_rng(seed).permutation(np.repeat(np.arange(6), 7)))
    shape = Shape(way=way, shot=shot, queries=queries)
    sampler = EpisodeSampler(
        rows_of_classes(target, shape, "train"), shape, episodes=3, seed=seed, purpose="train"
    )
    for index in sampler.batches(2):
        assert len(index) == shape.rows == len(set(index.tolist()))
        support, query = target[index].split([way * shot, way * queries])
        classes = support.reshape(way, shot)
        assert torch.equal(classes, classes[:, :1].expand(way, shot))
        assert torch.equal(query.reshape(way, queries), classes[:, :1].expand(way, queries))
        assert len(classes[:, 0].unique()) == way


def test_episodes_are_the_same_from_any_step_on_and_differ_by_epoch_purpose_and_seed():
    shape, target = Shape(way=3, shot=1, queries=2), torch.arange(8).repeat_interleave(5)
    classes = rows_of_classes(target, shape, "train")

    def first(seed=0, purpose="train", epoch=0, start=0):
        sampler = EpisodeSampler(classes, shape, episodes=4, seed=seed, purpose=purpose)
        return [index.tolist() for index in sampler.batches(epoch, start=start)]

    assert first() == first()
    assert first(start=2) == first()[2:]
    others = [first(), first(seed=1), first(purpose="validation"), first(epoch=1)]
    assert len({str(episodes) for episodes in others}) == 4


def test_every_class_and_every_row_is_drawn_equally_often():
    """10 classes of 4 rows, 2 classes an episode of 3 rows each: a row is in 2/10 · 3/4 of the episodes."""
    shape, target = Shape(way=2, shot=1, queries=2), np.repeat(np.arange(10), 4)
    index = drawn(target, FewShotConfig(way=2, queries=2, episodes=4000), shape)
    share = np.bincount(index.ravel(), minlength=40) / 4000
    deviation = np.sqrt(0.15 * 0.85 / 4000)
    assert np.abs(share - 0.15).max() < 4.5 * deviation


def test_classes_with_too_few_rows_take_no_part_and_too_few_classes_are_refused():
    target = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])
    shape = Shape(way=2, shot=1, queries=2)
    assert [rows.tolist() for rows in rows_of_classes(target, shape, "test")] == [[0, 1, 2], [5, 6, 7]]
    with pytest.raises(DataError, match="the validation classes are too few") as caught:
        rows_of_classes(target, Shape(way=3, shot=1, queries=2), "validation")
    assert caught.value.exit_code == 2
    assert "2 classes with 3 rows or more, of 3" in str(caught.value)
