"""Pooling against each line taken alone."""

import pytest
import torch
from assay.models.pooling import POOLS

ALONE = {
    "first": lambda states: states[0],
    "last": lambda states: states[-1],
    "mean": lambda states: states.mean(dim=0),
    "max": lambda states: states.amax(dim=0),
}


@pytest.mark.parametrize("name", POOLS)
def test_what_lies_behind_the_end_has_no_part_in_it(name):
    states, lengths = torch.randn(3, 5, 2) - 3, torch.tensor([5, 1, 3])
    for row, length in enumerate(lengths):
        states[row, length:] = 100.0
    found = POOLS[name](states, lengths)
    expected = torch.stack([ALONE[name](line[:n]) for line, n in zip(states, lengths, strict=True)])
    torch.testing.assert_close(found, expected)
