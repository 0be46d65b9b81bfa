"""Parameters beside layers: added, multiplied, expanded."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from assay.models.inputs import TabularInput
from assay.models.perceptron import Bias, Perceptron
from assay.platform.exceptions import ModelError
from assay.platform.privacy.bookkeeping import BookKeeping
from torch import nn


class Tokens(nn.Module):
    """Positions, a gate and a class token around a linear layer."""

    def __init__(self, shape: tuple[int, ...] = (3, 4)):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(shape))
        self.gate = nn.Parameter(torch.randn(4))
        self.cls = nn.Parameter(torch.randn(4))
        self.linear = nn.Linear(4, 2)

    def forward(self, tokens):
        tokens = (tokens + self.positions) * self.gate
        return self.linear(torch.cat([tokens, self.cls.expand(len(tokens), 1, -1)], dim=1))


@pytest.mark.parametrize("shape", [(3, 4), (1, 3, 4), (4,), (3, 1)])
def test_broadcast_parameters_agree_with_a_loop_over_samples(shape, same_as_one_by_one):
    module = Tokens(shape)
    same_as_one_by_one(module, torch.randn(5, 3, 4))
    assert isinstance(module.positions, nn.Parameter)


def test_a_frozen_broadcast_parameter_counts_in_no_norm(same_as_one_by_one):
    module = Tokens()
    module.gate.requires_grad_(False)
    same_as_one_by_one(module, torch.randn(5, 3, 4))


def test_forms_made_of_a_parameter_agree(same_as_one_by_one):
    module = Tokens((5, 2))

    def forward(tokens):
        made = F.pad(module.positions[1:4].exp().unsqueeze(0), (0, 2))
        return module.linear((tokens + made) * module.gate.sigmoid() + module.cls)

    module.forward = forward
    same_as_one_by_one(module, torch.randn(5, 3, 4))


@pytest.mark.filterwarnings("ignore:Full backward hook is firing", "ignore::FutureWarning")  # Opacus's own
@pytest.mark.parametrize("trained", ["head", "all"])
def test_a_bias_of_its_own_agrees_with_opacus_and_a_loop_without_a_notice(
    trained, same_as_one_by_one, same_as_opacus
):
    module = nn.Sequential(nn.Linear(4, 3), Bias(3))
    module[0].requires_grad_(trained == "all")  # frozen: what the bias is added to needs no gradient
    same_as_opacus(module, torch.randn(64, 4))
    same_as_one_by_one(module, torch.randn(9, 4))
    same_as_one_by_one(module, torch.randn(9, 5, 4))


def test_a_perceptron_agrees_with_a_loop_over_samples_without_a_notice(same_as_one_by_one):
    network = Perceptron(TabularInput(numeric=2, cardinalities=(3,), bins=((-1.0, 0.0, 1.0), (0.0, 2.0))), 2)

    class Joined(nn.Module):
        """Numbers and codes in one tensor, as the loop over samples wants them."""

        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, row):
            return self.network(row[:, :2], row[:, 2:].long())

    rows = torch.cat([torch.randn(16, 2), torch.randint(0, 3, (16, 1))], dim=1)
    same_as_one_by_one(Joined(), rows)


@pytest.mark.parametrize(
    ("operation", "use"),
    [
        ("matmul", lambda module, tokens: tokens @ module.gate),
        ("mul", lambda module, tokens: tokens + module.gate * module.cls),
        ("cat", lambda module, tokens: tokens + torch.cat([module.gate, module.cls])),
    ],
)
def test_a_use_without_a_rule_is_named(operation, use):
    module = Tokens()
    module.forward = partial(use, module)
    with pytest.raises(ModelError, match=rf"no rule(.|\n)*{operation}"):
        BookKeeping(module).squared_norms(lambda: module(torch.randn(5, 3, 4)).sum(), 5)
