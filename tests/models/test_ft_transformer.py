"""FT-Transformer against its paper."""

import torch
from assay.models.ft_transformer import FTTransformer
from assay.models.inputs import TabularInput

TABLE = TabularInput(numeric=6, cardinalities=(9, 16, 7, 15, 6, 5, 2, 42), bins=((0.0, 1.0),) * 6)


def test_the_papers_configuration_has_the_papers_number_of_parameters():
    """Section 3.3: a block has four d×d maps, ReGLU d→2h and h→d, two norms (the first: one)."""
    d, depth, h = 192, 3, 256
    network = FTTransformer(TABLE, 2, width=d, depth=depth, heads=8, hidden=4 / 3, encoding="linear")
    tokenizer = 6 * 2 * d + 6 * d + sum(TABLE.cardinalities) * d + len(TABLE.cardinalities) * d + d
    attention = 4 * (d * d + d)
    feed_forward = d * 2 * h + 2 * h + h * d + d
    norms = (2 * depth - 1) * 2 * d
    head = 2 * d + 2 * d + 2
    expected = tokenizer + depth * (attention + feed_forward) + norms + head
    assert sum(p.numel() for p in network.parameters()) == expected


def test_tokens_in_another_order_give_the_same_prediction():
    network, tokens = FTTransformer(TABLE, 2).eval(), torch.randn(3, TABLE.features, 64)
    order = torch.randperm(TABLE.features)
    torch.testing.assert_close(
        network.from_tokens(tokens), network.from_tokens(tokens[:, order]), rtol=1e-4, atol=1e-5
    )


def test_the_first_block_has_no_norm_before_its_attention():
    network = FTTransformer(TABLE, 2, depth=2)
    kinds = [type(block.attention_norm).__name__ for block in network.blocks]
    assert kinds == ["Identity", "LayerNorm"]
