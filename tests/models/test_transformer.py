"""Blocks against torch's layers, and what an encoder–decoder can learn."""

import pytest
import torch
from assay.models.generation import generate
from assay.models.multi_head_attention import KeyValueCache, MultiHeadAttention, causal_mask, padding_mask
from assay.models.transformer import Block, Stack, Transformer
from torch import nn

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def copy_attention(theirs: nn.MultiheadAttention, ours: MultiHeadAttention) -> None:
    """Ours into torch's."""
    projections = (ours.query, ours.key, ours.value)
    theirs.in_proj_weight.copy_(torch.cat([layer.weight for layer in projections]))
    theirs.in_proj_bias.copy_(torch.cat([layer.bias for layer in projections]))
    theirs.out_proj.load_state_dict(ours.merge.state_dict())


@torch.no_grad()
def copy(theirs: nn.Module, ours: Block) -> None:
    """Ours into torch's layer, in which norms are numbered in order."""
    residuals = [ours.attention, ours.cross_attention, ours.feed_forward]
    for number, residual in enumerate([part for part in residuals if part is not None], start=1):
        nn.init.normal_(residual.norm.weight)
        nn.init.normal_(residual.norm.bias)
        getattr(theirs, f"norm{number}").load_state_dict(residual.norm.state_dict())
    copy_attention(theirs.self_attn, ours.attention.layer)
    if ours.cross_attention is not None:
        copy_attention(theirs.multihead_attn, ours.cross_attention.layer)
    theirs.linear1.load_state_dict(ours.feed_forward.layer[0].state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.layer[2].state_dict())


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_block_of_the_encoder_is_torchs(norm):
    torch.manual_seed(0)
    ours = Block(8, 2, hidden=20, norm=norm).eval()
    theirs = nn.TransformerEncoderLayer(8, 2, 20, batch_first=True, norm_first=norm == "pre").eval()
    copy(theirs, ours)
    tokens, mask = torch.randn(3, 6, 8), padding_mask(torch.tensor([6, 2, 4]), 6)
    torch.testing.assert_close(ours(tokens), theirs(tokens), **CLOSE)
    found, expected = ours(tokens, mask=mask), theirs(tokens, src_key_padding_mask=~mask[:, 0, 0])
    seen = mask[:, 0, 0]
    torch.testing.assert_close(found[seen], expected[seen], **CLOSE)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_block_of_the_decoder_is_torchs(norm):
    torch.manual_seed(0)
    ours = Block(8, 2, hidden=20, norm=norm, crosses=True).eval()
    theirs = nn.TransformerDecoderLayer(8, 2, 20, batch_first=True, norm_first=norm == "pre").eval()
    copy(theirs, ours)
    tokens, memory = torch.randn(3, 6, 8), torch.randn(3, 4, 8)
    mask, memory_mask = causal_mask(6, 6), padding_mask(torch.tensor([4, 1, 3]), 4)
    found = ours(tokens, memory, mask=mask, memory_mask=memory_mask)
    expected = theirs(tokens, memory, tgt_mask=~mask, memory_key_padding_mask=~memory_mask[:, 0, 0])
    torch.testing.assert_close(found, expected, **CLOSE)


def test_a_stack_of_pre_norm_blocks_ends_in_a_norm():
    states = Stack(2, 8, 2).eval()(torch.randn(3, 5, 8))
    torch.testing.assert_close(states.mean(dim=2), torch.zeros(3, 5), rtol=0, atol=1e-5)


def test_another_norm_is_refused():
    with pytest.raises(ValueError, match="norm: got 'batch', expected pre or post"):
        Block(8, 2, norm="batch")


def test_a_memory_goes_to_blocks_that_cross_and_to_no_other():
    tokens = torch.randn(2, 3, 8)
    with pytest.raises(ValueError, match="got Tensor, expected no memory"):
        Block(8, 2)(tokens, tokens)
    with pytest.raises(ValueError, match="got NoneType, expected a memory"):
        Block(8, 2, crosses=True)(tokens)


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("position", ["sinusoidal", "learned"])
def test_a_logit_depends_on_no_later_token_and_on_no_padding(norm, position):
    model = Transformer(11, width=16, depth=2, heads=2, length=9, norm=norm, position=position).eval()
    source, target = torch.randint(11, (2, 7)), torch.randint(11, (2, 6))
    lengths = torch.tensor([7, 4])
    logits = model(source, target, lengths)
    changed_source, changed_target = source.clone(), target.clone()
    changed_source[1, 4:], changed_target[:, 4:] = 0, 0
    torch.testing.assert_close(model(changed_source, target, lengths), logits, **CLOSE)
    torch.testing.assert_close(model(source, changed_target, lengths)[:, :4], logits[:, :4], **CLOSE)
    torch.testing.assert_close(model(source[1:, :4], target[1:]), logits[1:], **CLOSE)


def test_a_cache_changes_no_logit():
    model = Transformer(11, width=16, depth=2, heads=2, length=9).eval()
    source, target, lengths = torch.randint(11, (3, 7)), torch.randint(11, (3, 6)), torch.tensor([7, 2, 5])
    memory, cache = model.encode(source, lengths), KeyValueCache()
    pieces = [model.decode(piece, memory, lengths, cache) for piece in target.split((2, 1, 3), dim=1)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), model(source, target, lengths), **CLOSE)


def test_its_parameters_are_those_of_the_base_model_counted_by_hand():
    """Table 3 says 65 million, for about 37,000 tokens; it does not say what makes up the rest."""
    with torch.device("meta"):
        model = Transformer(37_000)
    d, hidden = 512, 2048
    attention, feed_forward, norm = 4 * (d * d + d), 2 * d * hidden + hidden + d, 2 * d
    encoder, decoder = attention + feed_forward + 2 * norm, 2 * attention + feed_forward + 3 * norm
    found = sum(p.numel() for p in model.parameters())
    assert found == 37_000 * d + 6 * (encoder + decoder)
    assert round(found / 1e6) == 63


STEPS = 600
TASKS = {"reverse": lambda rows: rows.flip(1), "sort": lambda rows: rows.sort(dim=1).values}


@pytest.mark.parametrize("task", TASKS)
def test_it_learns_to_reverse_and_to_sort(task):
    """At least 99% of fresh lines, written token by token, are right from end to end."""
    torch.manual_seed(0)
    letters, length, start = 10, 6, 10
    model = Transformer(letters + 1, width=32, depth=1, heads=4, length=8, norm="pre", dropout=0.0)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=STEPS)
    for _ in range(STEPS):
        source = torch.randint(letters, (128, length))
        target = TASKS[task](source)
        given = torch.cat([target.new_full((128, 1), start), target[:, :-1]], dim=1)
        loss = nn.functional.cross_entropy(model(source, given).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    source = torch.randint(letters, (1000, length))
    model.eval()
    written = generate(model.reader(source), torch.full((1000, 1), start), length)[:, 1:]
    assert (written == TASKS[task](source)).all(dim=1).float().mean() >= 0.99
