"""When to stop, and which weights to keep."""

import torch
from assay.platform.training.early_stopping import EarlyStopping
from torch import nn


def watch(losses: list[float], patience: int | None) -> tuple[EarlyStopping, int]:
    """Feed losses until it says stop; the weight of an epoch is the epoch's number."""
    module, stopping = nn.Linear(1, 1, bias=False), EarlyStopping(patience)
    for epoch, loss in enumerate(losses):
        nn.init.constant_(module.weight, epoch)
        stopping.update(epoch, loss, module)
        if stopping.stop:
            return stopping, epoch
    return stopping, len(losses) - 1


def test_it_stops_after_patience_epochs_without_a_lower_loss():
    stopping, last = watch([5, 4, 3, 3.5, 3.2, 3.1, 1.0], patience=3)
    assert (stopping.epoch, last) == (2, 5)


def test_any_lower_loss_starts_the_count_again():
    stopping, last = watch([5, 6, 4.9, 6, 4.8, 6], patience=2)
    assert (stopping.epoch, last, stopping.stop) == (4, 5, False)


def test_the_weights_are_a_copy_of_the_best_epochs():
    stopping, _ = watch([5, 3, 4, 6], patience=None)
    assert stopping.weights["weight"].item() == 1


def test_on_a_tie_the_earlier_epoch_stays_the_best():
    assert watch([2, 2, 2], patience=None)[0].epoch == 0


def test_without_patience_it_never_stops():
    stopping, last = watch([1, *range(2, 50)], patience=None)
    assert (stopping.stop, last) == (False, 48)


def test_a_loss_that_is_no_number_is_never_the_best():
    stopping, _ = watch([float("nan"), 2.0], patience=None)
    assert stopping.epoch == 1
    assert torch.isfinite(stopping.weights["weight"]).all()
