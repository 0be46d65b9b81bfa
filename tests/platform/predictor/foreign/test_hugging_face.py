"""Hugging Face folders: classes by `id2label`, images prepared as the folder says, no pickle, no code."""

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest
import torch
from assay.platform.exceptions import ModelError
from assay.platform.predictor import load_model
from assay.platform.predictor.foreign import take
from assay.platform.predictor.foreign.hugging_face import load, prepared
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizerFast,
    ViTConfig,
    ViTForImageClassification,
)

from .conftest import schema

LABELS = {"id2label": {0: "no", 1: "yes"}, "label2id": {"no": 0, "yes": 1}}


@pytest.fixture
def text_folder(tmp_path):
    folder = tmp_path / "bert"
    folder.mkdir()
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"])
    )
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=16, **LABELS,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_classifier_of_text_reads_the_column_of_text(dataset, table, tmp_path, text_folder):
    (tmp_path / "artifact").mkdir()
    take(text_folder, dataset, tmp_path / "artifact", logits=False)
    found = load_model(tmp_path / "artifact")
    assert found.columns == ("said",)
    model = BertForSequenceClassification.from_pretrained(text_folder).eval()
    tokens = BertTokenizerFast.from_pretrained(text_folder)(table["said"].to_pylist(), return_tensors="pt")
    with torch.inference_mode():
        expected = model(**tokens).logits.softmax(dim=1).numpy()
    np.testing.assert_allclose(found.predict(table), expected[:, ::-1], atol=2e-6)  # ours: yes, no


def test_code_and_pickles_in_a_folder_stay_where_they_are(dataset, tmp_path, text_folder):
    (text_folder / "pytorch_model.bin").write_bytes(b"pickle")
    (text_folder / "modeling.py").write_text("raise SystemExit")
    (tmp_path / "artifact").mkdir()
    take(text_folder, dataset, tmp_path / "artifact", logits=False)
    kept = {path.suffix for path in (tmp_path / "artifact" / "files").iterdir()}
    assert kept <= {".json", ".txt", ".safetensors"}


def test_a_folder_without_safetensors_is_refused(dataset, tmp_path, text_folder):
    (text_folder / "model.safetensors").rename(text_folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        take(text_folder, dataset, tmp_path, logits=False)


def test_a_model_that_is_no_classifier_is_refused(dataset, tmp_path, text_folder):
    config = json.loads((text_folder / "config.json").read_text())
    (text_folder / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}))
    with pytest.raises(ModelError, match="no classifier"):
        take(text_folder, dataset, tmp_path, logits=False)


def test_images_are_prepared_as_the_folder_says(tmp_path):
    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, image_size=8,
        patch_size=4, **LABELS,
    )  # fmt: skip
    model = ViTForImageClassification(config).eval()
    model.save_pretrained(tmp_path)
    settings = {"size": {"height": 8, "width": 8}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3 * 8 * 8), dtype=np.uint8)
    images = pa.FixedSizeListArray.from_arrays(pa.array(pixels.ravel()), 3 * 8 * 8)
    seen = dataclasses.replace(schema(), modality="image", image=(3, 8, 8), sensitive=())
    found = load(tmp_path, seen, logits=False).scores(pa.table({"image": images}))
    with torch.inference_mode():
        values = (torch.from_numpy(pixels).float().view(5, 3, 8, 8) / 255 - 0.5) / 0.25
        expected = model(pixel_values=values).logits.softmax(dim=1).numpy()
    np.testing.assert_allclose(found, expected[:, ::-1], atol=1e-6)


@pytest.mark.parametrize("size", [16, {"shortest_edge": 16}, {"height": 16, "width": 16}])
def test_images_become_as_large_as_asked_and_grey_ones_are_shown_in_three_colours(size):
    found = prepared(torch.full((2, 1, 8, 8), 51.0), {"size": size})
    assert found.shape == (2, 3, 16, 16)
    torch.testing.assert_close(found, torch.full_like(found, 0.2))
