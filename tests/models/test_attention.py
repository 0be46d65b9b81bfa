"""Self-attention against torch's own."""

import pytest
import torch
from assay.models.attention import SelfAttention
from torch import nn


def test_it_equals_torchs_multi_head_attention_with_the_same_weights():
    torch.manual_seed(0)
    ours, theirs = SelfAttention(12, 3), nn.MultiheadAttention(12, 3, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.project.weight)
        theirs.in_proj_bias.copy_(ours.project.bias)
        theirs.out_proj.weight.copy_(ours.merge.weight)
        theirs.out_proj.bias.copy_(ours.merge.bias)
    tokens = torch.randn(4, 7, 12)
    torch.testing.assert_close(ours(tokens), theirs(tokens, tokens, tokens)[0], rtol=1e-5, atol=1e-5)


def test_reordered_tokens_give_reordered_results():
    attention, tokens, order = SelfAttention(8, 2), torch.randn(2, 5, 8), torch.randperm(5)
    torch.testing.assert_close(attention(tokens)[:, order], attention(tokens[:, order]), rtol=1e-5, atol=1e-6)


def test_weights_are_dropped_in_training_only():
    attention, tokens = SelfAttention(8, 2, dropout=0.5), torch.randn(2, 5, 8)
    assert not torch.equal(attention(tokens), attention(tokens))
    attention.eval()
    assert torch.equal(attention(tokens), attention(tokens))


def test_a_width_that_the_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="got 10 with 4 heads"):
        SelfAttention(10, 4)
