"""How a gradient comes about."""

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.exceptions import CombinationError
from assay.platform.training.rows import Rows
from assay.platform.training.steppers import FullPrecision, MixedPrecision, choose_stepper
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn


def problem(rows: int, *, weighted: bool) -> tuple[nn.Module, Rows]:
    generator = torch.Generator().manual_seed(rows)
    network = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    inputs = torch.randn(rows, 5, generator=generator, dtype=torch.float64)
    weight = torch.rand(rows, generator=generator) + 0.1 if weighted else None
    target = torch.randint(3, (rows,), generator=generator)
    return Classification(network), Rows(inputs=(inputs,), target=target, weight=weight)


def gradients(module: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in module.parameters()])


@settings(deadline=None)
@given(rows=st.integers(3, 40), workers=st.integers(1, 3), weighted=st.booleans())
def test_the_mean_of_the_workers_gradients_is_the_gradient_of_the_whole_batch(rows, workers, weighted):
    objective, data = problem(rows, weighted=weighted)
    stepper, index = FullPrecision(torch.Generator()), torch.arange(rows)
    stepper.backward(objective, data.batch(index))
    whole = gradients(objective)
    objective.zero_grad()
    for part in index.tensor_split(workers):
        share = workers * data.mass(part) / data.mass(index)
        stepper.backward(objective, data.batch(part), share)
    torch.testing.assert_close(gradients(objective) / workers, whole, rtol=1e-5, atol=1e-7)


def test_mixed_precision_multiplies_in_bfloat16_and_leaves_weights_and_loss_in_float32():
    network, seen = nn.Linear(64, 8), []
    network.register_forward_hook(lambda module, args, output: seen.append(output.dtype))
    rows = Rows(inputs=(torch.randn(32, 64),), target=torch.randint(8, (32,)))
    loss = MixedPrecision(torch.Generator(), "cpu").backward(
        Classification(network), rows.batch(torch.arange(32))
    )
    assert seen == [torch.bfloat16]
    assert {loss.dtype, network.weight.dtype, network.weight.grad.dtype} == {torch.float32}


def test_mixed_precision_is_near_full_precision():
    torch.manual_seed(0)
    objective = Classification(nn.Linear(64, 8))
    batch = Rows(inputs=(torch.randn(256, 64),), target=torch.randint(8, (256,))).batch(torch.arange(256))
    FullPrecision(torch.Generator()).backward(objective, batch)
    full = gradients(objective)
    objective.zero_grad()
    MixedPrecision(torch.Generator(), "cpu").backward(objective, batch)
    assert torch.linalg.norm(gradients(objective) - full) < 0.02 * torch.linalg.norm(full)


def test_auto_is_full_precision_on_a_cpu():
    generator = torch.Generator()
    assert type(choose_stepper("auto", torch.device("cpu"), generator)) is FullPrecision
    assert type(choose_stepper("bf16", torch.device("cpu"), generator)) is MixedPrecision


def test_bf16_on_a_device_without_it_is_refused():
    with pytest.raises(CombinationError, match="bf16"):
        choose_stepper("bf16", torch.device("mps"), torch.Generator())
