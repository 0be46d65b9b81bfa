"""Transformers' weights under our names, for the tests that hold BERT and GPT-2 against it."""

from collections.abc import Callable

import pytest
import torch

Renamed = Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]

BERT_LAYERS = {
    "attention.self.query": "attention.layer.query",
    "attention.self.key": "attention.layer.key",
    "attention.self.value": "attention.layer.value",
    "attention.output.dense": "attention.layer.merge",
    "attention.output.LayerNorm": "attention.norm",
    "intermediate.dense": "feed_forward.layer.0",
    "output.dense": "feed_forward.layer.2",
    "output.LayerNorm": "feed_forward.norm",
}
BERT_AROUND = {
    "embeddings.word_embeddings": "tokens",
    "embeddings.position_embeddings": "positions.table",
    "embeddings.token_type_embeddings": "segments",
    "embeddings.LayerNorm": "norm",
    "pooler.dense": "pooler.0",
}
BERT_HEAD = {
    "cls.predictions.transform.dense": "transform.0",
    "cls.predictions.transform.LayerNorm": "transform.2",
    "cls.predictions.decoder": "decode",
}
GPT_LAYERS = {
    "ln_1": "attention.norm",
    "attn.c_proj": "attention.layer.merge",
    "ln_2": "feed_forward.norm",
    "mlp.c_fc": "feed_forward.layer.0",
    "mlp.c_proj": "feed_forward.layer.2",
}
GPT_AROUND = {"wte": "tokens", "wpe": "positions.table", "ln_f": "decoder.norm"}


@pytest.fixture
def bert_weights() -> Renamed:
    """Of a BertModel, or of the body of a BertForMaskedLM."""

    def renamed(theirs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        found = {}
        for name, value in theirs.items():
            layer, kind = name.removeprefix("bert.").rsplit(".", 1)
            if layer.startswith("encoder.layer."):
                number, part = layer.removeprefix("encoder.layer.").split(".", 1)
                found[f"encoder.blocks.{number}.{BERT_LAYERS[part]}.{kind}"] = value
            elif layer in BERT_AROUND:
                found[f"{BERT_AROUND[layer]}.{kind}"] = value
        return found

    return renamed


@pytest.fixture
def bert_head_weights() -> Renamed:
    """Of the head of a BertForMaskedLM."""

    def renamed(theirs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        layers = ((name, *name.rsplit(".", 1)) for name in theirs)
        return {
            f"{BERT_HEAD[layer]}.{kind}": theirs[name] for name, layer, kind in layers if layer in BERT_HEAD
        }

    return renamed


@pytest.fixture
def gpt_weights() -> Renamed:
    """Of a GPT2LMHeadModel: its matrices lie the other way round."""

    def renamed(theirs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        found = {}
        for name, value in theirs.items():
            layer, kind = name.removeprefix("transformer.").rsplit(".", 1)
            if layer in GPT_AROUND:
                found[f"{GPT_AROUND[layer]}.{kind}"] = value
            elif layer.startswith("h."):  # the head is the table of tokens again
                _, number, part = layer.split(".", 2)
                value = value.T if value.ndim == 2 else value
                place = f"decoder.blocks.{number}"
                if part == "attn.c_attn":
                    for ask, third in zip(("query", "key", "value"), value.chunk(3), strict=True):
                        found[f"{place}.attention.layer.{ask}.{kind}"] = third
                else:
                    found[f"{place}.{GPT_LAYERS[part]}.{kind}"] = value
        return found

    return renamed
