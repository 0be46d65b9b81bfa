"""Attention rollout: the paper's product by hand, and the attention that it is made of."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from assay.audits.explanation.attention_rollout import (
    has_attention,
    heads,
    layers,
    rollout,
    to_cells,
    to_columns,
)
from assay.models.attention import SelfAttention
from assay.models.catalog import build
from assay.models.inputs import ImageInput, TabularInput


def attention(layers=3, rows=2, heads=2, tokens=4):
    drawn = torch.rand(layers, rows, heads, tokens, tokens, generator=torch.Generator().manual_seed(0))
    return drawn / drawn.sum(dim=-1, keepdim=True)


def test_rollout_is_the_papers_recursion_written_out():
    given = attention()
    for row in range(2):
        expected = np.eye(4)
        for layer in range(3):
            mean = given[layer, row].mean(dim=0).numpy()
            expected = (0.5 * mean + 0.5 * np.eye(4)) @ expected
        np.testing.assert_allclose(rollout(given)[row], expected, rtol=1e-5)


def test_what_reaches_a_token_adds_up_to_one():
    np.testing.assert_allclose(rollout(attention()).sum(dim=-1), 1, rtol=1e-5)


def test_layers_that_look_at_themselves_alone_pass_everything_on():
    np.testing.assert_allclose(rollout(torch.eye(4).expand(3, 2, 2, 4, 4)), torch.eye(4).expand(2, 4, 4))


def test_weights_are_those_that_the_fast_path_uses():
    torch.manual_seed(0)
    layer, tokens = SelfAttention(8, 2).eval(), torch.randn(3, 5, 8)
    weights, (_, _, values) = layer.weights(tokens), layer._projected(tokens)
    by_hand = layer.merge((weights @ values).transpose(1, 2).reshape(3, 5, 8))
    torch.testing.assert_close(by_hand, layer(tokens), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 2, 5))


def test_reading_attention_leaves_the_network_as_it_was():
    network = build("vit_small", ImageInput(channels=1, height=8, width=8), 3).eval()
    images = torch.randn(5, 1, 8, 8)
    with torch.no_grad():
        before = network(images)
        found = layers(network, (images,))
        after = network(images)
    assert found.shape == (4, 5, 4, 16, 16)
    assert torch.equal(before, after)
    assert not any(module._forward_hooks for module in network.modules())


def test_networks_of_patches_and_of_columns_are_read():
    images = build("vit_small", ImageInput(channels=1, height=8, width=8), 3).eval()
    cells = to_cells(images, torch.randn(70, 1, 8, 8))
    assert cells.shape == (70, 4, 4)
    np.testing.assert_allclose(cells.sum(axis=(1, 2)), 1, rtol=1e-5)
    assert heads(images, torch.randn(2, 1, 8, 8)).shape == (2, 4, 4, 4, 4)
    table = TabularInput(numeric=2, cardinalities=(3,), bins=((-1.0, 0.0, 1.0),) * 2)
    columns = build("ft_transformer", table, 2).eval()
    found = to_columns(columns, (torch.randn(7, 2), torch.zeros(7, 1, dtype=torch.int64)))
    assert found.shape == (7, 3)
    assert (found > 0).all()
    assert (found.sum(axis=1) < 1).all(), "the rest is the summary token's own"


def test_a_column_that_is_attended_to_alone_gets_everything():
    """Queries and keys made so that every token looks at token 1."""
    layer = SelfAttention(4, 1)
    with torch.no_grad():
        layer.project.weight.zero_()
        layer.project.bias.zero_()
        layer.project.bias[0] = 30.0  # queries
        layer.project.weight[4, 3] = 30.0  # keys: the last component tells token 1
    tokens = F.pad(torch.randn(1, 4, 3), (0, 1))
    tokens[:, 1, 3] = 1.0
    np.testing.assert_allclose(layer.weights(tokens)[0, 0, :, 1].detach(), 1, atol=1e-5)


@pytest.mark.parametrize("given", [None, torch.nn.Linear(2, 2)])
def test_no_attention_is_known_as_none(given):
    assert not has_attention(given)
