"""GPT-2 against transformers' with the same weights."""

import pytest
import torch
from assay.models.generation import generate
from assay.models.gpt import GPT
from assay.models.multi_head_attention import KeyValueCache

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
SMALL = {"width": 16, "depth": 2, "heads": 4, "length": 12}


@pytest.fixture
def both(gpt_weights):
    """Theirs and ours with the same large random weights."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=31, n_embd=16, n_layer=2, n_head=4, n_positions=12, initializer_range=0.3,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    theirs, network = transformers.GPT2LMHeadModel(config).eval(), GPT(31, **SMALL).eval()
    network.load_state_dict(gpt_weights(theirs.state_dict()))
    return theirs, network


def test_logits_are_those_of_transformers(both):
    theirs, network = both
    tokens = torch.randint(31, (3, 10))
    torch.testing.assert_close(network(tokens), theirs(tokens).logits, **CLOSE)


def test_what_it_writes_greedily_is_what_transformers_writes(both):
    theirs, network = both
    tokens = torch.randint(1, 31, (3, 4))
    expected = theirs.generate(
        tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=8, do_sample=False, eos_token_id=None,
        pad_token_id=0,
    )  # fmt: skip
    assert torch.equal(generate(network, tokens, 8), expected)


def test_the_smallest_gpt_2_has_the_published_number_of_parameters():
    """124,439,808: the paper's 117 million is a slip that its authors corrected to 124."""
    with torch.device("meta"):
        network = GPT()
    assert sum(parameter.numel() for parameter in network.parameters()) == 124_439_808


def test_what_is_added_to_the_stream_starts_smaller_in_a_deeper_network():
    torch.manual_seed(0)
    network = GPT(31, width=64, depth=8, heads=4, length=12)
    last = network.decoder.blocks[-1]
    for layer in (last.attention.layer.merge, last.feed_forward.layer[2]):
        assert float(layer.weight.detach().std()) == pytest.approx(0.02 / 4, rel=0.1)
    assert float(last.feed_forward.layer[0].weight.detach().std()) == pytest.approx(0.02, rel=0.1)


def test_a_cache_changes_no_logit():
    network, tokens, cache = GPT(31, **SMALL).eval(), torch.randint(31, (3, 12)), KeyValueCache()
    pieces = [network(piece, cache) for piece in tokens.split((5, 1, 1, 5), dim=1)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), network(tokens), **CLOSE)


def test_a_context_that_is_full_is_refused():
    with pytest.raises(ValueError, match="got 13 tokens, expected at most 12"):
        generate(GPT(31, **SMALL).eval(), torch.zeros(1, 10, dtype=torch.long), 5)
