"""Mixtures: each row is one network's, drawn with the mixture's weights."""

import json

import numpy as np
import pyarrow as pa
import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import inputs_from_dict
from assay.platform.data.dataset import Dataset
from assay.platform.data.preprocess import Preprocessor
from assay.platform.exceptions import ModelError
from assay.platform.predictor import Mixture, Predictor, load_model
from assay.platform.predictor.artifact import POSTPROCESS, save_network, write_json
from assay.platform.predictor.postprocess import Mixing, Postprocess

OPTIONS = {"width": 8, "depth": 1, "token_width": 4}
WEIGHTS = (0.2, 0.5, 0.3)


@pytest.fixture
def mixture(tabular, tmp_path):
    """Three networks that nobody trained."""
    data = Dataset.open(tabular)
    preprocessor = Preprocessor.fit(data.table("train"), data.schema)
    inputs = inputs_from_dict(preprocessor.inputs())
    torch.manual_seed(0)
    networks = [build("mlp", inputs, 2, **OPTIONS) for _ in WEIGHTS]
    save_network(tmp_path / "model", *networks, name="mlp", options=OPTIONS, preprocessor=preprocessor)
    made = Postprocess(
        task="binary", classes=data.schema.classes, positive="yes", temperature=1.3,
        mixture=Mixing(weights=WEIGHTS, salt="salt"),
    )  # fmt: skip
    write_json(tmp_path / "model" / POSTPROCESS, made.to_json())
    return tmp_path / "model"


def people(rows: int) -> pa.Table:
    draw = np.random.default_rng(0)
    return pa.table({"age": draw.uniform(18, 80, rows), "job": draw.choice(["clerk", "smith"], rows)})


def test_each_row_is_scored_by_the_network_that_is_drawn_for_it(mixture):
    found, table = load_model(mixture), people(200)
    assert isinstance(found, Mixture)
    drawn, outputs = found.drawn(table), found.outputs(table)
    inputs = found.inputs(table)
    with torch.inference_mode():
        every = np.stack([member(*inputs).numpy() for member in found.members])
    np.testing.assert_allclose(outputs, every[drawn, np.arange(200)], rtol=1e-5, atol=1e-6)
    assert found.decide(found.predict(table), table).tolist() == outputs.argmax(axis=1).tolist()


def test_networks_are_drawn_with_their_weights(mixture):
    drawn = load_model(mixture).drawn(people(20_000))
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, WEIGHTS, atol=0.012)


def test_a_row_is_asked_of_the_same_network_in_any_file(mixture):
    found, table = load_model(mixture), people(100)
    scores = found.predict(table)
    np.testing.assert_array_equal(found.predict(table.slice(40, 20)), scores[40:60])


def test_a_mixture_is_no_single_network(mixture):
    with pytest.raises(ModelError, match="is a mixture"):
        Predictor.load(mixture)
    assert not hasattr(load_model(mixture), "module")


def test_no_rows_have_no_scores(mixture):
    assert load_model(mixture).predict(people(0)).shape == (0, 2)


@pytest.mark.parametrize("spoil", ["missing", "stranger", "count"])
def test_a_mixture_that_was_tampered_with_is_refused(mixture, spoil):
    if spoil == "missing":
        (mixture / "weights" / "member_1.safetensors").unlink()
    if spoil == "stranger":
        (mixture / "weights" / "member_9.pkl").write_bytes(b"")
    if spoil == "count":
        held = json.loads((mixture / POSTPROCESS).read_bytes())
        held["mixture"]["weights"] = [0.5, 0.5]
        write_json(mixture / POSTPROCESS, held)
    with pytest.raises(ModelError):
        load_model(mixture)


@pytest.mark.parametrize(
    "wrong", [{"weights": (1.0,)}, {"weights": (0.5, 0.6)}, {"weights": (1.0, 0.0)}, {"salt": ""}]
)
def test_weights_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"mixture|salt"):
        Mixing(**{"weights": (0.5, 0.5), "salt": "s", **wrong})
