"""Small checkpoints as `save_pretrained` writes them, and small data of texts and images."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from assay.platform.data.config import DataConfig
from assay.platform.data.ingest import ingest
from assay.platform.data.text_config import TextConfig
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast, ViTConfig, ViTModel

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "very", "the", "was"]

CARD = """---
license: apache-2.0
datasets:
- reviews-of-films
- s2orc
base_model: acme/tiny
---
# A tiny model
"""


def save_bert(folder):
    """BERT with a head for masked words, its tokenizer and a card."""
    folder.mkdir(parents=True)
    words = BertWordPieceTokenizer({word: code for code, word in enumerate(WORDS)})
    words.enable_truncation(4)  # what a file says of length isn't followed
    marks = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=words._tokenizer, **marks).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=16,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    (folder / "README.md").write_text(CARD)
    return folder


def save_vit(folder):
    """A vision transformer of 16 pixels, and what its images look like."""
    torch.manual_seed(1)
    config = ViTConfig(
        image_size=16, patch_size=4, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16,
    )  # fmt: skip
    ViTModel(config).save_pretrained(folder)
    settings = {
        "do_resize": True, "size": {"height": 16, "width": 16}, "resample": 2, "do_rescale": True,
        "do_normalize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4],
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture
def bert(tmp_path):
    return save_bert(tmp_path / "bert")


@pytest.fixture
def vit(tmp_path):
    return save_vit(tmp_path / "vit")


def save_texts(path, rows=80):
    """Two columns of text, in which one word decides."""
    draw = np.random.default_rng(0)
    good = draw.random(rows) < 0.5
    extra = draw.choice(["the film", "very", "was the"], rows)
    pd.DataFrame(
        {
            "title": [None if i % 7 == 0 else f"film {i % 3}" for i in range(rows)],
            "said": [f"{word} was {'good' if ok else 'bad'}" for word, ok in zip(extra, good, strict=True)],
            "liked": np.where(good, "yes", "no"),
            "gender": draw.choice(["f", "m"], rows),
        }
    ).to_csv(path, index=False)
    return path


@pytest.fixture
def texts(tmp_path):
    config = DataConfig(
        source=f"csv:{save_texts(tmp_path / 'said.csv')}", target="liked", sensitive=("gender",),
        columns={"title": "text", "said": "text"}, text=TextConfig(length=12),
    )  # fmt: skip
    ingest(config, out=tmp_path / "texts")
    return tmp_path / "texts"


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits") / "dataset"
    ingest(DataConfig(source="builtin:digits"), out=folder)
    return folder
