"""Networks of texts: what their states may look at, and what fills a line up."""

import pytest
import torch
from assay.models.bert_classifier import BERTClassifier
from assay.models.catalog import ARCHITECTURES, build
from assay.models.gpt_classifier import GPTClassifier
from assay.models.inputs import PAD, START, TextInput
from assay.models.network import TextNetwork, trimmed
from assay.models.text_transformer import TextTransformer
from assay.models.unknown import UnknownNameError

INPUTS = TextInput(vocabulary=40, length=12)
SMALL = {"width": 16, "depth": 2, "heads": 2}
TEXTS = [name for name, part in ARCHITECTURES.items() if part.modality == "text"]


def small(name: str, outputs: int = 2) -> TextNetwork:
    """A network of a few units in evaluation mode."""
    options = {key: value for key, value in SMALL.items() if key in ARCHITECTURES[name].options}
    return build(name, INPUTS, outputs, **options).eval()


def lines(*lengths: int) -> torch.Tensor:
    """Codes `(batch, 12)` that begin with [CLS] and are filled up behind their lengths."""
    tokens = torch.randint(6, 40, (len(lengths), 12), generator=torch.Generator().manual_seed(0))
    tokens[:, 0] = START
    return tokens.masked_fill(torch.arange(12) >= torch.tensor(lengths).unsqueeze(1), PAD)


def test_lines_lose_the_places_that_none_of_them_reaches():
    tokens, lengths = trimmed(lines(3, 7, 1))
    assert tokens.shape == (3, 7)
    assert lengths.tolist() == [3, 7, 1]
    assert trimmed(torch.zeros(2, 12, dtype=torch.long))[1].tolist() == [1, 1]


@pytest.mark.parametrize("name", TEXTS)
def test_how_far_lines_are_filled_up_changes_nothing(name):
    network, tokens = small(name), lines(3, 7, 1)
    torch.testing.assert_close(network(tokens[:, :7]), network(tokens), rtol=1e-5, atol=1e-6)
    alone = torch.cat([network(tokens[row : row + 1]) for row in range(3)])
    torch.testing.assert_close(network(tokens), alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", TEXTS)
def test_only_a_decoder_doesnt_look_ahead(name):
    network, tokens = small(name), lines(8)
    other = tokens.clone()
    other[0, 6] = 6 if tokens[0, 6] != 6 else 7
    lengths = torch.tensor([8])
    before, after = network.states(tokens, lengths)[0, :6], network.states(other, lengths)[0, :6]
    assert torch.allclose(before, after, atol=1e-6) == (name == "gpt")


@pytest.mark.parametrize("name", TEXTS)
def test_words_in_another_order_say_something_else(name):
    network, tokens = small(name), lines(8)
    tokens[0, 1:8] = torch.arange(10, 17)
    other = tokens.clone()
    other[0, 1:8] = tokens[0, 1:8].flip(0)
    assert not torch.allclose(network.encode(tokens), network.encode(other), atol=1e-6)


def test_the_weights_of_a_table_of_tokens_are_written_once():
    for network in (BERTClassifier(INPUTS, 2, **SMALL), GPTClassifier(INPUTS, 2, **SMALL)):
        tables = [key for key, value in network.state_dict().items() if value.shape == (40, 16)]
        assert len(tables) == 1


def test_another_pool_is_refused():
    with pytest.raises(UnknownNameError, match=r"unknown pool: got 'men'.*did you mean 'mean'"):
        TextTransformer(INPUTS, 2, pool="men")


def test_a_line_that_is_longer_than_the_network_is_refused():
    with pytest.raises(ValueError, match="got 13 tokens, expected at most 12"):
        TextTransformer(INPUTS, 2, **SMALL)(torch.full((1, 13), START))
