"""Convolutions: every setting, every way, against a loop over samples."""

import pytest
import torch
from assay.platform.privacy.bookkeeping import BookKeeping
from assay.platform.privacy.choice import Choice
from assay.platform.privacy.layer import Way, instantiated
from assay.platform.privacy.rules import conv
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

WAYS = {
    "grouped": instantiated(conv.per_sample_grouped, name="grouped"),
    "windows": Way(name="windows", norms=conv.windows_norms, clipped_sum=conv.windows_clipped_sum),
    "ghost": Way(name="ghost", norms=conv.ghost_norms, clipped_sum=conv.ghost_clipped_sum),
}


class Fixed(Choice):
    """Always the same way."""

    def __init__(self, way: Way):
        super().__init__()
        self.way = way

    def of(self, *_: object) -> Way:
        return self.way


@st.composite
def convolutions(draw, dimensions: int):
    groups, size = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    kernel, stride, dilation = (
        tuple(draw(st.integers(1, top)) for _ in range(dimensions)) for top in (3, 3, 2)
    )
    mode = draw(st.sampled_from(["zeros", "circular", "reflect", "replicate"]))
    padding = "same" if set(stride) == {1} and draw(st.booleans()) else tuple(
        draw(st.integers(0, 2)) for _ in range(dimensions)
    )  # fmt: skip
    kind = nn.Conv1d if dimensions == 1 else nn.Conv2d
    return kind(
        groups * size, groups * draw(st.integers(1, 3)), kernel, stride, padding, dilation, groups,
        draw(st.booleans()), mode,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dimensions", [1, 2])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_convolution_agrees_with_a_loop_over_samples(way, dimensions, data):
    torch.manual_seed(data.draw(st.integers(0, 1000)))
    module = data.draw(convolutions(dimensions)).double()  # so that what differs is the rule, not rounding
    sides = [data.draw(st.integers(6, 9)) for _ in range(dimensions)]
    inputs = torch.randn(data.draw(st.integers(1, 5)), module.in_channels, *sides, dtype=torch.float64)
    loss = lambda part: module(part).pow(3).sum()  # noqa: E731
    singles = [torch.autograd.grad(loss(row), list(module.parameters())) for row in inputs.split(1)]
    engine = BookKeeping(module, Fixed(WAYS[way]))
    squared = engine.squared_norms(lambda: loss(inputs), len(inputs))
    expected = torch.stack([sum(part.square().sum() for part in one) for one in singles])
    torch.testing.assert_close(squared[0].double(), expected, rtol=1e-6, atol=1e-9)
    weights = torch.rand(len(inputs), dtype=torch.float64)
    sums = {parameter: parameter.new_zeros(parameter.shape) for parameter in module.parameters()}
    engine.add_clipped_sum(weights.view(1, -1), sums)
    engine.close()
    for parameter, parts in zip(module.parameters(), zip(*singles, strict=True), strict=True):
        total = sum(w * part for w, part in zip(weights, parts, strict=True))
        scale = float(total.abs().max()) + 1e-6
        torch.testing.assert_close(sums[parameter] / scale, total / scale, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("frozen", ["weight", "bias"])
@pytest.mark.parametrize("way", WAYS)
def test_a_frozen_parameter_counts_in_no_norm(frozen, way, same_as_one_by_one):
    module = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Flatten())
    getattr(module[0], frozen).requires_grad_(False)
    same_as_one_by_one(module, torch.randn(5, 2, 6, 6), Fixed(WAYS[way]))


def test_channels_last_inputs_agree_too(same_as_one_by_one):
    module = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 2))
    inputs = torch.randn(6, 3, 9, 8).to(memory_format=torch.channels_last)
    same_as_one_by_one(module.to(memory_format=torch.channels_last), inputs)
