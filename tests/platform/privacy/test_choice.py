"""How a way is chosen."""

import torch
from assay.platform.privacy.bookkeeping import BookKeeping
from assay.platform.privacy.choice import Choice
from torch import nn


def settle(module: nn.Module, shape: tuple[int, ...], choice: Choice) -> dict[str, str]:
    BookKeeping(module, choice).squared_norms(lambda: module(torch.randn(shape)).sum(), shape[0])
    return choice.named()


def test_by_counting_few_positions_take_ghost_products_and_many_take_instantiated_gradients():
    assert settle(nn.Linear(32, 32), (4, 3, 32), Choice(measured=False)) == {"": "ghost"}
    assert settle(nn.Linear(3, 3), (4, 30, 3), Choice(measured=False)) == {"": "instantiated"}


def test_by_counting_small_maps_take_windows_and_large_ones_a_group_a_sample():
    assert settle(nn.Conv2d(8, 8, 3), (2, 8, 8, 8), Choice(measured=False)) == {"": "windows"}
    assert settle(nn.Conv2d(2, 2, 3), (2, 2, 20, 20), Choice(measured=False)) == {"": "grouped"}


def test_gradients_that_do_not_fit_into_memory_are_not_instantiated():
    for measured in (True, False):
        chosen = settle(nn.Conv2d(2, 2, 3), (2, 2, 20, 20), Choice(measured=measured, memory=100))
        assert chosen == {"": "ghost"}


def test_a_measured_way_is_kept_for_later_batches():
    choice = Choice()
    first = settle(nn.Linear(8, 8), (4, 8, 8), choice)
    assert set(first.values()) <= {"ghost", "instantiated", "ghost by oneDNN"}
    assert choice.named() == first
