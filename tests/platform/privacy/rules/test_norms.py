"""Layer, group and RMS norms, against a loop over samples."""

import torch
from assay.platform.privacy.rules import group_norm, layer_norm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(
    batch=st.integers(1, 5),
    positions=st.lists(st.integers(1, 4), max_size=2),
    shape=st.lists(st.integers(2, 5), min_size=1, max_size=2),
    kind=st.sampled_from([nn.LayerNorm, nn.RMSNorm]),
)
def test_norms_over_the_last_axes_agree(same_as_one_by_one, batch, positions, shape, kind):
    inputs = 3 + 2 * torch.randn(batch, *positions, *shape)
    same_as_one_by_one(nn.Sequential(nn.Linear(shape[-1], shape[-1]), kind(shape)), inputs)


@FEW
@given(
    batch=st.integers(1, 5),
    groups=st.integers(1, 3),
    size=st.integers(1, 3),
    sides=st.lists(st.integers(2, 4), min_size=1, max_size=2),
)
def test_group_norms_agree(same_as_one_by_one, batch, groups, size, sides):
    inputs = 3 + 2 * torch.randn(batch, groups * size, *sides)
    same_as_one_by_one(nn.GroupNorm(groups, groups * size), inputs)


def test_statistics_are_the_same_where_autograd_does_not_show_them():
    inputs = torch.randn(3, 4, 6)
    for module, keep in (
        (nn.LayerNorm(6), layer_norm.keep_layer_norm),
        (nn.GroupNorm(2, 4), group_norm.keep),
    ):
        output = module(inputs)
        _, mean, scale = keep(module, (inputs,), output)
        _, again, scale_again = keep(module, (inputs,), output * 1)
        torch.testing.assert_close(mean.flatten(), again.flatten())
        torch.testing.assert_close(scale.flatten(), scale_again.flatten())
