"""Multi-head attention against torch's own."""

import pytest
import torch
from assay.models.attention import SelfAttention
from assay.models.multi_head_attention import KeyValueCache, MultiHeadAttention, causal_mask, padding_mask
from torch import nn

CLOSE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture
def both():
    """Ours and torch's with the same weights."""
    torch.manual_seed(0)
    ours, theirs = MultiHeadAttention(12, 3), nn.MultiheadAttention(12, 3, batch_first=True)
    projections = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([layer.weight for layer in projections]))
        theirs.in_proj_bias.copy_(torch.cat([layer.bias for layer in projections]))
        theirs.out_proj.load_state_dict(ours.merge.state_dict())
    return ours, theirs


MASKS = {
    "none": (None, {}),
    "causal": (causal_mask(7, 7), {"attn_mask": ~causal_mask(7, 7)}),
    "padding": (
        padding_mask(torch.tensor([7, 2, 5, 1]), 7),
        {"key_padding_mask": ~padding_mask(torch.tensor([7, 2, 5, 1]), 7)[:, 0, 0]},
    ),
    "both": (
        causal_mask(7, 7) & padding_mask(torch.tensor([7, 2, 5, 1]), 7),
        {
            "attn_mask": ~causal_mask(7, 7),
            "key_padding_mask": ~padding_mask(torch.tensor([7, 2, 5, 1]), 7)[:, 0, 0],
        },
    ),
}


@pytest.mark.parametrize("name", MASKS)
def test_to_itself_it_is_torchs(both, name):
    ours, theirs = both
    mask, theirs_mask = MASKS[name]
    tokens = torch.randn(4, 7, 12)
    found, weights = theirs(tokens, tokens, tokens, average_attn_weights=False, **theirs_mask)
    torch.testing.assert_close(ours(tokens, mask=mask), found, **CLOSE)
    torch.testing.assert_close(ours.weights(tokens, mask=mask), weights, **CLOSE)


def test_to_a_memory_it_is_torchs(both):
    ours, theirs = both
    tokens, memory, lengths = torch.randn(4, 3, 12), torch.randn(4, 6, 12), torch.tensor([6, 1, 4, 2])
    mask = padding_mask(lengths, 6)
    found, weights = theirs(
        tokens, memory, memory, key_padding_mask=~mask[:, 0, 0], average_attn_weights=False
    )
    torch.testing.assert_close(ours(tokens, memory, mask=mask), found, **CLOSE)
    torch.testing.assert_close(ours.weights(tokens, memory, mask=mask), weights, **CLOSE)


def test_gradients_are_torchs(both):
    ours, theirs = both
    tokens = torch.randn(4, 7, 12)
    ours(tokens, mask=causal_mask(7, 7)).square().sum().backward()
    theirs(tokens, tokens, tokens, attn_mask=~causal_mask(7, 7))[0].square().sum().backward()
    stacked = torch.cat([layer.weight.grad for layer in (ours.query, ours.key, ours.value)])
    torch.testing.assert_close(stacked, theirs.in_proj_weight.grad, rtol=1e-5, atol=1e-5)


def test_without_a_mask_it_is_self_attention():
    ours, short, tokens = MultiHeadAttention(8, 2), SelfAttention(8, 2), torch.randn(3, 5, 8)
    with torch.no_grad():
        for name in ("weight", "bias"):
            parts = [getattr(layer, name) for layer in (ours.query, ours.key, ours.value)]
            getattr(short.project, name).copy_(torch.cat(parts))
        short.merge.load_state_dict(ours.merge.state_dict())
    torch.testing.assert_close(ours(tokens), short(tokens), **CLOSE)


@pytest.mark.parametrize("pieces", [(7,), (1,) * 7, (3, 1, 2, 1)])
def test_token_by_token_with_a_cache_it_finds_the_same(pieces):
    attention, tokens, cache = MultiHeadAttention(8, 2), torch.randn(3, 7, 8), KeyValueCache()
    found = []
    for piece in tokens.split(pieces, dim=1):
        start = cache.advance(piece.shape[1])
        found.append(attention(piece, mask=causal_mask(piece.shape[1], start + piece.shape[1]), cache=cache))
    torch.testing.assert_close(torch.cat(found, dim=1), attention(tokens, mask=causal_mask(7, 7)), **CLOSE)
    assert cache.length == 7


def test_a_cache_projects_a_memory_once():
    attention, memory, cache = MultiHeadAttention(8, 2), torch.randn(3, 4, 8), KeyValueCache()
    attention(torch.randn(3, 1, 8), memory, cache=cache)
    calls = []
    attention.key.register_forward_hook(lambda *_: calls.append(1))
    tokens = torch.randn(3, 1, 8)
    again = attention(tokens, memory, cache=cache)
    assert calls == []
    torch.testing.assert_close(again, attention(tokens, memory), **CLOSE)


def test_a_reordered_cache_goes_on_from_other_rows():
    attention, tokens, order = MultiHeadAttention(8, 2), torch.randn(3, 4, 8), torch.tensor([2, 2, 0])
    cache, expected = KeyValueCache(), KeyValueCache()
    attention(tokens, cache=cache)
    cache.reorder(order)
    attention(tokens[order], cache=expected)
    new = torch.randn(3, 1, 8)
    torch.testing.assert_close(attention(new, cache=cache), attention(new, cache=expected), **CLOSE)


def test_a_query_that_may_look_nowhere_gets_nothing():
    attention, tokens = MultiHeadAttention(8, 2), torch.randn(2, 3, 8)
    mask = padding_mask(torch.tensor([3, 0]), 3)
    torch.testing.assert_close(attention(tokens, mask=mask)[1], attention.merge.bias.expand(3, 8))
    assert attention.weights(tokens, mask=mask)[1].eq(0).all()


def test_weights_are_dropped_in_training_only():
    attention, tokens = MultiHeadAttention(8, 2, dropout=0.5), torch.randn(2, 5, 8)
    assert not torch.equal(attention(tokens), attention(tokens))
    attention.eval()
    assert torch.equal(attention(tokens), attention(tokens))


def test_a_width_that_the_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="got 10 with 4 heads"):
        MultiHeadAttention(10, 4)
