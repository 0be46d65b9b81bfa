"""Padding and splitting of batches."""

import pytest
import torch
from assay.platform.privacy.padding import pad, split, step_of
from assay.platform.training.rows import Batch


def batch(rows: int, *, weighted: bool = False) -> Batch:
    return Batch(
        inputs=(torch.ones(rows, 3), torch.ones(rows, 2, dtype=torch.int64)),
        target=torch.ones(rows, dtype=torch.int64),
        weight=torch.full((rows,), 2.0) if weighted else None,
    )


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9])
@pytest.mark.parametrize("weighted", [True, False])
def test_padded_rows_have_weight_zero_and_real_ones_keep_theirs(rows, weighted):
    padded = pad(batch(rows, weighted=weighted), 8)
    size = {0: 8, 1: 8, 7: 8, 8: 8, 9: 16}[rows]
    assert [len(part) for part in padded.inputs] == [size, size]
    weight = torch.ones(size) if padded.weight is None else padded.weight
    assert weight[:rows].tolist() == [2.0 if weighted else 1.0] * rows
    assert not weight[rows:].any()


def test_a_batch_of_the_right_size_is_not_copied():
    exact = batch(16)
    assert pad(exact, 8) is exact


def test_parts_are_at_most_so_large_and_together_the_batch():
    parts = split(batch(10, weighted=True), 4)
    assert [len(part.inputs[0]) for part in parts] == [4, 4, 2]
    assert [len(part.weight) for part in parts] == [4, 4, 2]
    assert split(batch(4), 4)[0].weight is None


def test_sizes_step_by_a_standard_deviation():
    assert [step_of(size) for size in (1, 64, 256, 1024)] == [1, 8, 16, 32]
