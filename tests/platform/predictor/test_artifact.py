"""Model artifacts: what is written is read again; what a stranger wrote is refused and never executed."""

import json
import os
import pickle
from hashlib import sha256
from pathlib import Path

import pytest
import safetensors.torch
import torch
from assay.platform.exceptions import ModelError
from assay.platform.predictor import Predictor


class Bomb:
    """Unpickling it leaves a file behind."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def retensor(folder: Path, change) -> None:
    path = folder / "weights/model.safetensors"
    tensors = safetensors.torch.load_file(path)
    safetensors.torch.save_file(change(tensors), path)


def test_the_same_network_is_written_as_the_same_bytes(artifact, tabular):
    def digests():
        folder = artifact(tabular)
        return {
            path.name: sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()
        }

    assert digests() == digests()


def test_a_pickle_in_the_place_of_the_weights_is_refused_and_not_executed(artifact, tabular, tmp_path):
    folder, mark = artifact(tabular), tmp_path / "executed"
    (folder / "weights/model.safetensors").write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        Predictor.load(folder)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "more.safetensors"])
def test_a_file_beside_the_weights_is_refused_and_not_executed(artifact, tabular, tmp_path, name):
    folder, mark = artifact(tabular), tmp_path / "executed"
    (folder / "weights" / name).write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(ModelError, match="other files"):
        Predictor.load(folder)
    assert not mark.exists()


@pytest.mark.parametrize(
    "name", ["weights/model.safetensors", "architecture.json", "preprocess.json", "postprocess.json"]
)
def test_a_missing_file_is_named(artifact, tabular, name):
    folder = artifact(tabular)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=Path(name).name):
        Predictor.load(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError):
        Predictor.load(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'"text"', b"[" * 100_000, b"NaN"])
@pytest.mark.parametrize("name", ["architecture.json", "preprocess.json", "postprocess.json"])
def test_a_file_that_is_no_json_object_is_refused(artifact, tabular, name, content):
    folder = artifact(tabular)
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=name):
        Predictor.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors | {"head.weight": torch.zeros(3, 16)},
        lambda tensors: tensors | {"head.weight": tensors["head.weight"].double()},
        lambda tensors: tensors | {"extra": torch.zeros(1)},
        lambda tensors: tensors | {"../../outside": torch.zeros(1)},
        lambda tensors: {name: tensor for name, tensor in tensors.items() if name != "head.bias"},
    ],
)
def test_weights_that_are_not_exactly_the_networks_are_refused(artifact, tabular, change):
    folder = artifact(tabular)
    retensor(folder, change)
    with pytest.raises(ModelError, match="weights don't fit"):
        Predictor.load(folder)


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_torn_weights_are_refused(artifact, tabular, keep):
    path = artifact(tabular) / "weights/model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError):
        Predictor.load(path.parent.parent)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../../../evil"},
        {"name": "os.system"},
        {"name": None},
        {"name": ["mlp"]},
        {"options": {"width": 10**12}},
        {"options": {"depth": "deep"}},
        {"options": {"__class__": "x"}},
        {"options": None},
        {"outputs": 5},
        {"outputs": "2"},
        {"inputs": {"kind": "image", "channels": 1, "height": 8, "width": 8}},
        {"inputs": {"kind": "tabular"}},
        {"inputs": None},
        {"parameters": 3},
        {"code": "import os"},
    ],
)
def test_an_architecture_that_is_not_in_the_catalog_is_refused(artifact, tabular, changes):
    folder = artifact(tabular)
    edit(folder / "architecture.json", **changes)
    with pytest.raises(ModelError):
        Predictor.load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0},
        {"temperature": "hot"},
        {"thresholds": {"yes": 2}},
        {"thresholds": [1]},
        {"classes": ["no"]},
        {"classes": ["no", "maybe"], "positive": "maybe"},
        {"classes": 3},
        {"extra": 1},
        {"task": "regression"},
    ],
)
def test_a_postprocess_that_makes_no_sense_is_refused(artifact, tabular, changes):
    folder = artifact(tabular)
    edit(folder / "postprocess.json", **changes)
    with pytest.raises(ModelError):
        Predictor.load(folder)


@pytest.mark.parametrize(
    "changes", [{"schema": None}, {"schema": {}}, {"numeric": [1]}, {"numeric": [{"name": "x"}]}, {"more": 1}]
)
def test_a_preprocess_that_makes_no_sense_is_refused(artifact, tabular, changes):
    folder = artifact(tabular)
    edit(folder / "preprocess.json", **changes)
    with pytest.raises(ModelError):
        Predictor.load(folder)


def test_links_that_lead_out_are_refused(artifact, tabular, tmp_path):
    folder = artifact(tabular)
    weights = folder / "weights/model.safetensors"
    outside = tmp_path / "outside.safetensors"
    os.replace(weights, outside)
    weights.symlink_to(outside)
    with pytest.raises(ModelError, match="links"):
        Predictor.load(folder)


def test_what_a_stranger_wrote_is_shown_in_part(artifact, tabular):
    folder = artifact(tabular)
    edit(folder / "architecture.json", name="x" * 1_000_000)
    with pytest.raises(ModelError) as caught:
        Predictor.load(folder)
    assert len(str(caught.value)) < 2000
