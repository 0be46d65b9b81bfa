"""The tabular multilayer perceptron."""

import torch
from assay.models.inputs import TabularInput
from assay.models.mlp import MLP

TABLE = TabularInput(numeric=2, cardinalities=(3, 4), bins=((0.0, 1.0), (-1.0, 0.0, 2.0)))


def test_it_is_linear_layers_with_relu_on_the_flattened_tokens():
    network = MLP(TABLE, 3, width=8, depth=2, token_width=4).eval()
    numeric, categorical = torch.randn(6, 2), torch.randint(3, (6, 2))
    first, second = network.layers[0], network.layers[3]
    hidden = network.tokens(numeric, categorical).reshape(6, 16)
    hidden = (hidden @ first.weight.T + first.bias).clamp(min=0)
    hidden = (hidden @ second.weight.T + second.bias).clamp(min=0)
    expected = hidden @ network.head.weight.T + network.head.bias
    torch.testing.assert_close(network(numeric, categorical), expected)


def test_its_parameters_are_those_of_its_layers():
    network = MLP(TABLE, 3, width=8, depth=2, token_width=4)
    embedding = 2 * (3 + 1) * 4 + 7 * 4  # two numbers of at most 2 bins and 'missing', with bias; 3 + 4 codes
    layers = (16 + 1) * 8 + (8 + 1) * 8
    assert sum(p.numel() for p in network.parameters()) == embedding + layers + (8 + 1) * 3


def test_it_learns_a_step_that_no_line_through_the_number_fits():
    torch.manual_seed(0)
    edges = tuple(torch.linspace(-1, 1, 17).tolist())
    network = MLP(TabularInput(numeric=1, cardinalities=(), bins=(edges,)), 2, width=16, dropout=0.0)
    numeric = torch.linspace(-1, 1, 256).unsqueeze(1)
    target, categorical = (numeric.squeeze().abs() > 0.5).long(), torch.zeros(256, 0, dtype=torch.long)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(numeric, categorical), target).backward()
        optimizer.step()
    assert (network(numeric, categorical).argmax(1) == target).float().mean() > 0.98
