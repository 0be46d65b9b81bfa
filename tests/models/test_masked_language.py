"""Masked language modelling against transformers: its loss, and how its collator draws."""

import pytest
import torch
import torch.nn.functional as F
from assay.models.bert_classifier import BERTClassifier
from assay.models.catalog import build
from assay.models.inputs import MASK, SPECIAL_TOKENS, START, TextInput
from assay.models.masked_language import MaskedLanguage, hide

WORDS = len(SPECIAL_TOKENS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_fifteen_percent_are_chosen_and_of_these_80_10_10_are_hidden_replaced_and_kept():
    tokens = torch.randint(WORDS, 1000, (400, 500), generator=seeded())
    seen, chosen = hide(tokens, 0.15, 1000, seeded(1))
    count = int(chosen.sum())
    assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.005)
    assert torch.equal(seen[~chosen], tokens[~chosen])
    hidden = (seen == MASK) & chosen
    kept = (seen == tokens) & chosen
    assert hidden.sum().item() / count == pytest.approx(0.8, abs=0.01)
    # A token that is drawn may be the one that stood there: 1 of 994.
    assert kept.sum().item() / count == pytest.approx(0.1 + 0.1 / 994, abs=0.01)
    others = seen[chosen & ~hidden & ~kept]
    assert others.min() >= WORDS
    counted = torch.bincount(others, minlength=1000)[WORDS:].float()
    assert counted.mean().item() == pytest.approx(len(others) / 994)
    assert counted.var().item() == pytest.approx(counted.mean().item(), rel=0.3)  # Poisson: all alike


def test_it_draws_as_the_collator_of_transformers_does():
    transformers, tokenizers = pytest.importorskip("transformers"), pytest.importorskip("tokenizers")
    names = {**{name: code for code, name in enumerate(SPECIAL_TOKENS)}}
    names |= {f"w{code}": code for code in range(WORDS, 500)}
    model = tokenizers.Tokenizer(tokenizers.models.WordLevel(names, unk_token="[UNK]"))
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=model, pad_token="[PAD]", mask_token="[MASK]", unk_token="[UNK]", cls_token="[CLS]"
    )
    collate = transformers.DataCollatorForLanguageModeling(wrapped, mlm=True, mlm_probability=0.15, seed=0)
    tokens = torch.randint(WORDS, 500, (600, 64), generator=seeded())
    batch = collate([{"input_ids": line} for line in tokens.tolist()])
    theirs = _shares(tokens, batch["input_ids"], batch["labels"] != -100)
    assert _shares(tokens, *hide(tokens, 0.15, 500, seeded(2))) == pytest.approx(theirs, abs=0.015)


def _shares(tokens: torch.Tensor, seen: torch.Tensor, chosen: torch.Tensor) -> list[float]:
    """Of all tokens the chosen ones; of these the hidden and the kept."""
    n = chosen.sum()
    return [float(chosen.float().mean()), float((seen[chosen] == MASK).sum() / n),
            float((seen[chosen] == tokens[chosen]).sum() / n)]  # fmt: skip


def test_special_tokens_are_never_chosen():
    tokens = torch.randint(0, WORDS, (50, 40), generator=seeded())
    seen, chosen = hide(tokens, 0.99, 100, seeded(1))
    assert not chosen.any()
    assert torch.equal(seen, tokens)


def test_the_same_generator_hides_the_same_tokens():
    tokens = torch.randint(WORDS, 100, (5, 20), generator=seeded())
    first, second = (hide(tokens, 0.3, 100, seeded(7)) for _ in range(2))
    assert torch.equal(first[0], second[0])


def test_the_loss_is_that_of_transformers_over_the_chosen_tokens(bert_weights, bert_head_weights):
    """Their labels are -100 where nothing is to be guessed; weights and masks are copied over."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=31, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
        max_position_embeddings=12, initializer_range=0.5,
    )  # fmt: skip
    theirs = transformers.BertForMaskedLM(config).eval()
    network = BERTClassifier(TextInput(vocabulary=31, length=12), 2, width=16, depth=2, heads=4, hidden=24)
    objective = MaskedLanguage(network, masked=0.4).eval()
    network.bert.load_state_dict(bert_weights(theirs.state_dict()), strict=False)  # no pooler there
    objective.decoder.load_state_dict(bert_head_weights(theirs.state_dict()))
    tokens = torch.randint(WORDS, 31, (6, 12), generator=seeded(3))
    tokens[:, 0] = START
    lengths = torch.tensor([12, 9, 5, 12, 2, 7])
    tokens = tokens.masked_fill(torch.arange(12) >= lengths.unsqueeze(1), 0)
    found = objective((tokens,), generator=seeded(4))
    seen, chosen = hide(tokens, 0.4, 31, seeded(4))
    expected = theirs(seen, attention_mask=(tokens != 0).long(), labels=tokens.masked_fill(~chosen, -100))
    assert found.item() == pytest.approx(expected.loss.item(), rel=1e-5)


def test_the_loss_is_the_mean_over_chosen_tokens_by_loops():
    torch.manual_seed(0)
    network = build("text_transformer", TextInput(vocabulary=20, length=6), 2, width=8, depth=1, heads=2)
    objective = MaskedLanguage(network, masked=0.5).eval()
    tokens = torch.tensor([[2, 7, 8, 9, 3, 0], [2, 10, 3, 0, 0, 0]])
    seen, chosen = hide(tokens[:, :5], 0.5, 20, seeded(5))  # no line reaches the last place
    losses = []
    for row, length in ((0, 5), (1, 3)):
        states = network.states(seen[row : row + 1, :length], torch.tensor([length]))[0]
        losses += [
            F.cross_entropy(objective.decoder(states[place]), tokens[row, place])
            for place in range(length)
            if chosen[row, place]
        ]
    assert losses
    assert objective((tokens,), generator=seeded(5)).item() == pytest.approx(
        torch.stack(losses).mean().item(), rel=1e-5
    )


def test_lines_of_special_tokens_alone_cost_nothing():
    network = build("text_transformer", TextInput(vocabulary=20, length=6), 2, width=8, depth=1, heads=2)
    loss = MaskedLanguage(network)((torch.tensor([[2, 3, 0]]),), generator=seeded())
    assert loss.item() == 0
    loss.backward()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_that_leaves_nothing_to_learn_is_refused(share):
    network = build("text_transformer", TextInput(vocabulary=20, length=6), 2, width=8, depth=1, heads=2)
    with pytest.raises(ValueError, match="expected a share between 0 and 1"):
        MaskedLanguage(network, masked=share)
