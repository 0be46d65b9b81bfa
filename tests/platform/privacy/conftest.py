"""Two oracles for clipped sums: a loop over samples with plain autograd, and Opacus's hooks."""

from collections.abc import Callable

import pytest
import torch
from assay.platform.privacy.bookkeeping import BookKeeping
from assay.platform.privacy.choice import Choice
from torch import Tensor, nn


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def summed_loss(outputs: Tensor) -> Tensor:
    """A loss whose gradient differs at every output of every sample."""
    wave = torch.arange(outputs[0].numel(), dtype=outputs.dtype).view(outputs.shape[1:])
    return (outputs * (1.3 * wave).cos() + 0.5 * outputs.square()).sum()


def one_by_one(module: nn.Module, inputs: Tensor) -> list[dict[nn.Parameter, Tensor]]:
    """Gradients of each sample, by a loop over samples."""
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    found = []
    for row in inputs.split(1):
        parts = torch.autograd.grad(summed_loss(module(row)), parameters, allow_unused=True)
        found.append(
            {p: torch.zeros_like(p) if g is None else g for p, g in zip(parameters, parts, strict=True)}
        )
    return found


def book_keeping(
    module: nn.Module, inputs: Tensor, bound: float, choice: Choice | None = None
) -> tuple[Tensor, dict[nn.Parameter, Tensor]]:
    """Norms `(B,)` and clipped sums by the engine."""
    engine = BookKeeping(module, choice or Choice(measured=False))
    squared = engine.squared_norms(lambda: summed_loss(module(inputs)), len(inputs))
    norms = squared.sum(0).sqrt()
    sums = {parameter: parameter.new_zeros(parameter.shape) for parameter in engine.parameters}
    engine.add_clipped_sum((bound / (norms + 1e-6)).clamp(max=1).expand_as(squared), sums)
    engine.close()
    return norms, sums


def assert_close(got: dict[nn.Parameter, Tensor], expected: dict[nn.Parameter, Tensor]) -> None:
    """Equal to 1e-5 of the whole gradient's norm."""
    assert set(got) == set(expected)
    error = sum((got[p] - expected[p]).double().square().sum() for p in got).sqrt()
    size = sum(part.double().square().sum() for part in expected.values()).sqrt()
    assert error <= 1e-5 * size, f"relative error {error / size:.2g}"


@pytest.fixture
def same_as_one_by_one() -> Callable[..., None]:
    """A function that holds the engine against the loop, with about half of the samples clipped.

    In float64, so that what differs is a rule and not rounding.
    """

    def check(module: nn.Module, inputs: Tensor, choice: Choice | None = None) -> None:
        module, inputs = module.double(), inputs.double() if inputs.is_floating_point() else inputs
        singles = one_by_one(module, inputs)
        expected = torch.stack([sum(g.square().sum() for g in one.values()).sqrt() for one in singles])
        bound = float(expected.median())
        factors = (bound / (expected + 1e-6)).clamp(max=1)
        ways = (
            [choice]
            if choice
            else [Choice(measured=False), Choice(measured=True), Choice(measured=False, memory=0)]
        )
        for way in ways:
            norms, sums = book_keeping(module, inputs, bound, way)
            torch.testing.assert_close(norms.double(), expected, rtol=1e-6, atol=1e-9)
            total = {p: sum(f * one[p] for f, one in zip(factors, singles, strict=True)) for p in sums}
            assert_close(sums, total)

    return check


@pytest.fixture
def same_as_opacus() -> Callable[[nn.Module, Tensor], None]:
    """A function that holds the engine against Opacus's hooks and optimizer at noise 0."""

    def check(module: nn.Module, inputs: Tensor) -> None:
        from opacus import GradSampleModule
        from opacus.optimizers import DPOptimizer

        norms, _ = book_keeping(module, inputs, 1.0)
        bound = float(norms.median())
        assert (norms < bound).any(), "some samples are not clipped"
        assert (norms > bound).any(), "some samples are clipped"
        _, sums = book_keeping(module, inputs, bound)
        hooked = GradSampleModule(module, loss_reduction="sum")
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        optimizer = DPOptimizer(
            torch.optim.SGD(parameters, lr=0.0),
            noise_multiplier=0.0,
            max_grad_norm=bound,
            expected_batch_size=len(inputs),
            loss_reduction="sum",
        )
        summed_loss(hooked(inputs)).backward()
        optimizer.pre_step()
        expected = {parameter: parameter.grad.clone() for parameter in parameters}
        hooked.remove_hooks()
        assert_close(sums, expected)

    return check
