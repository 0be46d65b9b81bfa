"""BERT against transformers' with the same weights."""

import pytest
import torch
from assay.models.bert import BERT, MaskedLanguageHead

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
SMALL = {"width": 16, "depth": 2, "heads": 4, "hidden": 24, "length": 12, "segments": 3}


def config():
    """A small random BERT of transformers, dropout off."""
    transformers = pytest.importorskip("transformers")
    return transformers.BertConfig(
        vocab_size=31, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
        max_position_embeddings=12, type_vocab_size=3, initializer_range=0.5,
    )  # fmt: skip


@pytest.fixture
def batch():
    """Tokens, segments, lengths and the mask that transformers wants."""
    torch.manual_seed(1)
    lengths = torch.tensor([9, 4, 1])
    mask = (torch.arange(9) < lengths.unsqueeze(1)).long()
    return torch.randint(31, (3, 9)), torch.randint(3, (3, 9)), lengths, mask


def test_states_and_pooled_vectors_are_those_of_transformers(batch, bert_weights):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    theirs, network = transformers.BertModel(config()).eval(), BERT(31, **SMALL).eval()
    network.load_state_dict(bert_weights(theirs.state_dict()))
    tokens, segments, lengths, mask = batch
    expected = theirs(tokens, attention_mask=mask, token_type_ids=segments)
    states = network(tokens, segments, lengths)
    seen = mask.bool()
    torch.testing.assert_close(states[seen], expected.last_hidden_state[seen], **CLOSE)
    torch.testing.assert_close(network.pool(states), expected.pooler_output, **CLOSE)
    torch.testing.assert_close(network(tokens), theirs(tokens).last_hidden_state, **CLOSE)


def test_logits_of_masked_tokens_are_those_of_transformers(batch, bert_weights, bert_head_weights):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    theirs, network = transformers.BertForMaskedLM(config()).eval(), BERT(31, **SMALL).eval()
    head = MaskedLanguageHead(network)
    network.load_state_dict(bert_weights(theirs.state_dict()), strict=False)  # no pooler there
    head.load_state_dict(bert_head_weights(theirs.state_dict()))
    tokens, segments, _, _ = batch
    expected = theirs(tokens, token_type_ids=segments).logits
    torch.testing.assert_close(head(network(tokens, segments)), expected, **CLOSE)
    assert head.decode.weight is network.tokens.weight


def test_bert_base_has_the_published_number_of_parameters():
    """Devlin et al. say 110 million; bert-base-uncased as published has 109,482,240."""
    with torch.device("meta"):
        network = BERT()
    assert sum(parameter.numel() for parameter in network.parameters()) == 109_482_240


def test_a_sequence_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="got 13 tokens, expected at most 12"):
        BERT(31, **SMALL)(torch.zeros(1, 13, dtype=torch.long))
