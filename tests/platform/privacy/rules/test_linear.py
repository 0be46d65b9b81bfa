"""Linear layers over rows, sequences and grids, against a loop over samples."""

import torch
from assay.models.numerical_embeddings import PerFeatureLinear
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(
    batch=st.integers(1, 6),
    positions=st.lists(st.integers(1, 5), max_size=2),
    widths=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    bias=st.booleans(),
)
def test_any_shape_agrees_with_a_loop_over_samples(same_as_one_by_one, batch, positions, widths, bias):
    module = nn.Sequential(nn.Linear(4, widths[0], bias=bias), nn.Tanh(), nn.Linear(*widths, bias=bias))
    same_as_one_by_one(module, torch.randn(batch, *positions, 4))


def test_a_frozen_weight_or_bias_counts_in_no_norm(same_as_one_by_one):
    for frozen in ("weight", "bias"):
        for shape in ((5, 4), (5, 3, 4)):
            module = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
            for layer in (module[0], module[2]):
                getattr(layer, frozen).requires_grad_(False)
            same_as_one_by_one(module, torch.randn(*shape))


def test_a_frozen_first_layer_leaves_the_others_right(same_as_one_by_one):
    module = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    module[0].requires_grad_(False)
    same_as_one_by_one(module, torch.randn(5, 4))


def test_a_linear_layer_for_every_column_agrees(same_as_one_by_one):
    same_as_one_by_one(PerFeatureLinear(5, 3, 4), torch.randn(6, 5, 3))


def test_low_rank_adapters_agree_while_the_rest_is_frozen(same_as_one_by_one):
    class Adapted(nn.Module):
        def __init__(self):
            super().__init__()
            self.frozen = nn.Linear(6, 6).requires_grad_(False)
            self.down, self.up = nn.Linear(6, 2, bias=False), nn.Linear(2, 6, bias=False)

        def forward(self, rows):
            return self.frozen(rows) + self.up(self.down(rows))

    same_as_one_by_one(nn.Sequential(Adapted(), nn.ReLU(), Adapted()), torch.randn(5, 3, 6))
