"""The residual network for tables."""

import pytest
import torch
from assay.models.inputs import TabularInput
from assay.models.resnet_tabular import ResNetTabular

TABLE = TabularInput(numeric=2, cardinalities=(3, 4), bins=((0.0, 1.0), (-1.0, 0.0, 2.0)))


def test_it_is_the_papers_formula():
    network = ResNetTabular(TABLE, 3, width=8, depth=1, token_width=4, norm="layer").eval()
    numeric, categorical = torch.randn(6, 2), torch.randint(3, (6, 2))
    norm, expand, _, _, contract, _ = network.blocks[0]
    x = network.tokens(numeric, categorical).reshape(6, 16) @ network.first.weight.T + network.first.bias
    x = x + (norm(x) @ expand.weight.T + expand.bias).clamp(min=0) @ contract.weight.T + contract.bias
    last_norm, _, head = network.head
    expected = last_norm(x).clamp(min=0) @ head.weight.T + head.bias
    torch.testing.assert_close(network(numeric, categorical), expected)


def test_its_parameters_are_those_of_its_layers():
    network = ResNetTabular(TABLE, 3, width=8, depth=2, hidden=2.0, token_width=4)
    embedding = 2 * (3 + 1) * 4 + 7 * 4
    block = 2 * 8 + (8 + 1) * 16 + (16 + 1) * 8
    expected = embedding + (16 + 1) * 8 + 2 * block + 2 * 8 + (8 + 1) * 3
    assert sum(p.numel() for p in network.parameters()) == expected


def test_another_norm_is_refused():
    with pytest.raises(ValueError, match="norm: got 'group', expected batch or layer"):
        ResNetTabular(TABLE, 3, norm="group")
