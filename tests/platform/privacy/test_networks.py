"""Every network and method that says it can be private takes a private step, checked row by row."""

import warnings
from collections.abc import Mapping

import pytest
import torch
from assay.models.catalog import ARCHITECTURES, PRETRAINING, build, build_pretraining
from assay.models.inputs import START, ImageInput, TabularInput, TextInput
from assay.models.supervised import Classification
from assay.platform.augmentation.views import light_view
from assay.platform.exceptions import ModelError
from assay.platform.privacy.bookkeeping import BookKeeping
from assay.platform.privacy.clipping import FlatClipping
from assay.platform.privacy.self_check import MechanismError, check_clipping
from assay.platform.privacy.stepper import PrivateStepper, private_stepper
from assay.platform.training.rows import Batch
from assay.platform.training.steppers import FullPrecision
from torch import nn

TABLE = TabularInput(numeric=2, cardinalities=(3, 4), bins=((0.0, 1.0), (-1.0, 0.0, 2.0)))
TEXT = TextInput(vocabulary=40, length=12)
INPUTS = {"tabular": TABLE, "image": ImageInput(channels=1, height=8, width=8), "text": TEXT}
CLAIMED = [n for n, part in ARCHITECTURES.items() if part.private is not None and part.modality in INPUTS]
REFUSED = [n for n, part in ARCHITECTURES.items() if part.private and part.modality in INPUTS]


def network_of(name: str, options: Mapping) -> nn.Module:
    """At an eighth of its published width, where it has one."""
    torch.manual_seed(0)
    part = ARCHITECTURES[name]
    shrunk = {1.0: {"width": 0.125}, 768: {"width": 24, "depth": 2}}.get(part.options.get("width"), {})
    return build(name, INPUTS[part.modality], 3, **shrunk, **options)


def rows(modality: str, count: int = 6) -> Batch:
    if modality == "text":
        lines = torch.randint(START + 1, TEXT.vocabulary, (count, TEXT.length))
        ends = torch.randint(2, TEXT.length + 1, (count, 1))
        lines = lines.masked_fill(torch.arange(TEXT.length) >= ends, 0)
        return Batch(inputs=(lines,), target=torch.randint(3, (count,)), weight=None)
    numeric = torch.randn(count, 2)
    numeric[0, 1] = torch.nan
    codes = torch.stack([torch.randint(size, (count,)) for size in TABLE.cardinalities], dim=1)
    inputs = (numeric, codes) if modality == "tabular" else (torch.randn(count, 1, 8, 8),)
    return Batch(inputs=inputs, target=torch.randint(3, (count,)), weight=None)


def stepper_of(objective: nn.Module, noise_multiplier: float = 1.0) -> PrivateStepper:
    return private_stepper(
        objective, FullPrecision(torch.Generator()), clipping=FlatClipping(1.0),
        noise_multiplier=noise_multiplier, expected_batch=6, noise_seed=0,
    )  # fmt: skip


@pytest.mark.parametrize("name", CLAIMED)
def test_a_network_that_can_be_private_passes_opacus_and_takes_a_step(name):
    validators = pytest.importorskip("opacus.validators")
    network, batch = network_of(name, ARCHITECTURES[name].private), rows(ARCHITECTURES[name].modality)
    assert validators.ModuleValidator.validate(network, strict=False) == []
    objective = Classification(network)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing falls back
        stepper = stepper_of(objective)
    check_clipping(stepper.engine, objective, batch, samples=6)
    assert stepper.backward(objective.train(), batch).isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in stepper.engine.parameters)


@pytest.mark.parametrize("name", REFUSED)
def test_as_published_it_is_refused_with_the_option_that_mends_it(name):
    with pytest.raises(ModelError, match="BatchNorm") as caught:
        BookKeeping(Classification(network_of(name, {})))
    (option, value), *_ = ARCHITECTURES[name].private.items()
    assert f"model.{option}: {value}" in caught.value.mend


METHODS = {"masked_features": "mlp", "mae": "vit_small"}


def method_of(name: str, options: Mapping) -> nn.Module:
    augment = None if PRETRAINING[name].modality == "tabular" else light_view
    return build_pretraining(name, network_of(METHODS[name], {"dropout": 0.0}), augment=augment, **options)


@pytest.mark.parametrize("name", [name for name, part in PRETRAINING.items() if part.private is not None])
def test_a_method_that_can_be_private_takes_a_step(name):
    objective = method_of(name, PRETRAINING[name].private)
    batch = rows(PRETRAINING[name].modality)
    stepper = stepper_of(objective)
    check_clipping(stepper.engine, objective, batch, samples=6)
    assert stepper.backward(objective.train(), batch).isfinite()


def test_without_one_row_a_methods_clipped_sum_moves_by_the_bound_at_most():
    """Brute force on top of the check, in training: chance falls as before for the rows that stay."""
    objective = method_of("masked_features", {"replacement": "uniform"}).train()
    batch = rows("tabular", 10)
    stepper = stepper_of(objective, noise_multiplier=0.0)

    def clipped_sum(count: int) -> torch.Tensor:
        stepper.generator.manual_seed(0)
        part = Batch(inputs=tuple(part[:count] for part in batch.inputs), target=None, weight=None)
        stepper.backward(objective, part)
        return stepper.gradient.buffer.clone() * stepper.expected_batch

    assert 0 < float((clipped_sum(10) - clipped_sum(9)).norm()) <= 1.0 + 1e-4  # nine are padded to ten


def test_masks_drawn_from_other_rows_are_found_out():
    objective = method_of("masked_features", {})
    with pytest.raises(MechanismError, match="mixes samples"):
        check_clipping(BookKeeping(objective), objective, rows("tabular"), samples=6)
