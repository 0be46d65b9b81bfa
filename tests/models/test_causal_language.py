"""Causal language modelling against transformers' GPT-2 with the same weights, and against a count."""

import math

import pytest
import torch
from assay.models.causal_language import CausalLanguage
from assay.models.gpt_classifier import GPTClassifier
from assay.models.inputs import START, TextInput


def small() -> CausalLanguage:
    """A random GPT of 31 tokens, dropout off."""
    network = GPTClassifier(TextInput(vocabulary=31, length=12), 2, width=16, depth=2, heads=4)
    return CausalLanguage(network).eval()


def lines() -> torch.Tensor:
    """Lines of 12, 5 and 2 tokens, `(3, 12)`."""
    tokens = torch.randint(6, 31, (3, 12), generator=torch.Generator().manual_seed(0))
    tokens[:, 0] = START
    return tokens.masked_fill(torch.arange(12) >= torch.tensor([[12], [5], [2]]), 0)


def test_the_loss_is_that_of_transformers_over_tokens_that_follow_another(gpt_weights):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=31, n_embd=16, n_layer=2, n_head=4, n_positions=12, initializer_range=0.3,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    theirs = transformers.GPT2LMHeadModel(config).eval()
    objective, tokens = small(), lines()
    objective.network.gpt.load_state_dict(gpt_weights(theirs.state_dict()))
    expected = theirs(
        tokens, attention_mask=(tokens != 0).long(), labels=tokens.masked_fill(tokens == 0, -100)
    )
    assert objective((tokens,)).item() == pytest.approx(expected.loss.item(), rel=1e-5)


def test_it_learns_a_cycle_until_only_the_first_guess_costs_anything():
    """Six letters that follow one another in a circle, from a random one: log 6 for the first of eleven."""
    torch.manual_seed(0)
    objective = small().train()
    starts = torch.arange(6).repeat(4)
    tokens = torch.cat([torch.full((24, 1), START), 6 + (starts.unsqueeze(1) + torch.arange(11)) % 6], dim=1)
    optimizer = torch.optim.AdamW(objective.parameters(), 1e-2)
    for _ in range(250):
        optimizer.zero_grad()
        objective((tokens,)).backward()
        optimizer.step()
    assert objective.eval()((tokens,)).item() == pytest.approx(math.log(6) / 11, abs=0.02)


def test_a_line_of_one_token_costs_nothing():
    assert small()((torch.tensor([[START, 0, 0]]),)).item() == 0
