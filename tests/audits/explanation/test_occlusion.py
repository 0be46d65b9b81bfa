"""Occlusion against captum's, of columns by hand, and of words."""

import numpy as np
import pyarrow as pa
import torch
from assay.audits.config import ExplainConfig
from assay.audits.explanation import explain, occlusion
from assay.audits.explanation.mixed import mixed
from assay.audits.explanation.pixels import Pixels, cells, images_of
from assay.audits.explanation.subject import Subject
from captum.attr import Occlusion
from torch import nn

SHAPE = (3, 8, 8)


def subject_of(predictor, table, folder):
    y = np.zeros(table.num_rows)
    return Subject(
        predictor=predictor,
        table=table,
        y_true=y,
        background=table,
        config=ExplainConfig(),
        pictures=folder,
    )


def test_patches_are_captums(worlds):
    """Patches of 2×2 pixels, side by side, replaced by the mean train image."""
    rng = np.random.default_rng(0)
    table = worlds.table_of_images(rng.integers(0, 256, (12, *SHAPE)).astype(np.uint8))
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    inputs = worlds.image_inputs(SHAPE)
    schema = worlds.schema_of(table, "multiclass", "abc", image=SHAPE)
    pixels = Pixels.of(worlds.Shown(network, ("image",), schema, inputs), table)
    target = rng.integers(0, 3, 12)
    ours = occlusion.patches(pixels, images_of(table, SHAPE), target, (4, 4))
    theirs = Occlusion(lambda images: network(images).softmax(dim=1)).attribute(
        *inputs(table),
        (3, 2, 2),
        strides=(3, 2, 2),
        target=torch.from_numpy(target),
        baselines=torch.from_numpy(pixels.mean.astype(np.float32))[None] / 255 - 0.5,
    )
    np.testing.assert_allclose(ours, theirs[:, 0, ::2, ::2].detach().numpy(), atol=1e-6)


def test_cells_cover_the_image_evenly():
    found = cells(8, 12, (4, 3))
    assert np.bincount(found.ravel()).tolist() == [8] * 12
    assert found[0, :5].tolist() == [0, 0, 0, 0, 1]


def test_a_hidden_column_is_taken_from_other_rows(worlds, tmp_path):
    """Linear: weight times the distance from the mean of the background."""
    rng, names = np.random.default_rng(0), ("a", "b", "c")
    table = pa.table({name: rng.normal(size=20) for name in names})
    w = np.array([2.0, -1.0, 0.0])
    schema = worlds.schema_of(table, "regression", ())
    subject = subject_of(worlds.Asked(lambda t: worlds.numbers(t, names) @ w, schema), table, tmp_path)
    parts = mixed(subject, table, background=20)
    x = worlds.numbers(table, names)
    found = occlusion.columns(parts, np.zeros(20, int))
    np.testing.assert_allclose(found, w * (x - x.mean(axis=0)), atol=1e-9)


def test_leaving_out_the_word_that_decides_moves_the_score_and_no_other_does(worlds, tmp_path):
    texts = ["the parcel came <late> again", "all was well", "late late", "", None, "x " * 400]
    table = pa.table({"__row__": range(6), "text": texts, "n": np.arange(6.0)})

    def says(table):
        return np.array([0.9 if "late" in (text or "") else 0.1 for text in table["text"].to_pylist()])

    model = worlds.Asked(says, worlds.schema_of(table, "binary", ("no", "yes")))
    subject = subject_of(model, table, tmp_path)
    drops = [occlusion.word_drops(subject, table.slice(i, 1), "text", 1) for i in range(6)]
    assert {each["word"]: each["value"] for each in drops[0]} == {
        "the": 0,
        "parcel": 0,
        "came": 0,
        "<late>": 0.8,
        "again": 0,
    }
    assert [each["value"] for each in drops[2]] == [0, 0], "two that say the same hide each other"
    assert drops[3] == drops[4] == []
    assert drops[5][149]["value"] == 0
    assert drops[5][150]["value"] is None
    assert len(drops[5]) == 300


def test_text_makes_occlusion_a_default_and_shows_its_words(worlds, tmp_path):
    rng = np.random.default_rng(0)
    late = rng.random(40) < 0.5
    texts = ["it came late today" if each else "it came in time" for each in late]
    table = pa.table({"__row__": np.arange(40), "text": texts, "size": rng.normal(size=40)})
    says = lambda t: np.array([0.9 if "late" in text else 0.1 for text in t["text"].to_pylist()])  # noqa: E731
    model = worlds.Asked(says, worlds.schema_of(table, "binary", ("fine", "complaint")))
    found = explain(
        model,
        table,
        y_true=late.astype(int),
        config=ExplainConfig(examples=2),
        pictures=tmp_path,
        background=table,
    )
    worlds.fits_the_report(found.values)
    method = found.values["methods"]["occlusion"]
    assert [line["feature"] for line in method["global"]] == ["text", "size"]
    words = method["examples"][0]["words"]["text"]
    assert max(words, key=lambda each: abs(each["value"]))["word"] in ("late",) or not late[0]
    assert "/methods/integrated_gradients" in found.missing
    assert {"kernel_shap", "permutation_importance", "counterfactuals"} <= set(found.values["methods"])
