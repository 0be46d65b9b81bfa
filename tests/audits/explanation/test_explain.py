"""The whole section, on models whose true explanation is planted, with the project's own networks."""

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
import torch
from assay.audits.config import ExplainConfig
from assay.audits.explanation import METHODS, explain
from assay.audits.explanation.grad_cam import heat
from assay.models.catalog import build
from assay.models.inputs import ImageInput, TabularInput
from assay.platform.exceptions import SpecError
from torch import nn

ROWS = 300


class Fake:
    """A predictor of a network over a table's columns."""

    def __init__(self, module, names, classes, inputs, task=None):
        self.module, self.feature_names, self.classes, self.inputs = module.eval(), names, classes, inputs
        self.task = task or ("binary" if len(classes) == 2 else "multiclass")

    def predict(self, table):
        with torch.no_grad():
            logits = self.module(*self.inputs(table))
        return (logits[:, 0] if self.task == "regression" else logits.softmax(dim=1)).numpy()

    def decide(self, scores, table):
        return scores if self.task == "regression" else scores.argmax(axis=1)


class Convolutions(nn.Module):
    """Cells that see 5×5 pixels and no more, so that it is known where a cell's evidence lies."""

    def __init__(self):
        super().__init__()
        self.stages = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU()
        )
        self.maps = nn.Identity()
        self.head = nn.Linear(16, 3)

    def forward(self, images):
        return self.head(self.maps(self.stages(images)).mean(dim=(2, 3)))


def numbers(table, names):
    return torch.tensor(np.stack([table[name].to_numpy() for name in names], axis=1), dtype=torch.float32)


def train(module, inputs, y, steps=150):
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(*inputs), y).backward()
        optimizer.step()


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small gain nothing from more threads, and lose much where the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tabular(one_thread):
    """The label is the sign of `strong`, with a little of `weak`; `noise` and `colour` say nothing."""
    rng, names = np.random.default_rng(0), ("strong", "weak", "noise")
    columns = {name: rng.normal(size=ROWS) for name in names}
    colours = rng.integers(0, 3, ROWS)
    y = (3 * columns["strong"] + columns["weak"] > 0).astype(np.int64)
    table = pa.table({"__row__": np.arange(ROWS) + 1000, **columns, "colour": colours})
    torch.manual_seed(0)
    bins = (tuple(np.linspace(-2, 2, 9).tolist()),) * 3
    module = build("mlp", TabularInput(numeric=3, cardinalities=(3,), bins=bins), 2, width=32)

    def inputs(table):
        return numbers(table, names), torch.tensor(table["colour"].to_numpy())[:, None]

    train(module, inputs(table), torch.from_numpy(y))
    return Fake(module, (*names, "colour"), ("no", "yes"), inputs), table, y


@pytest.fixture(scope="module")
def images(one_thread):
    """The label is whether the top left corner is bright: a watermark. The rest is noise."""
    rng = np.random.default_rng(0)
    pixels = rng.random((ROWS, 1, 8, 8), dtype=np.float32) * 0.5
    y = rng.integers(0, 3, ROWS)
    pixels[:, :, :2, :2] += y[:, None, None, None] / 2
    table = pa.table({"__row__": np.arange(ROWS)})
    torch.manual_seed(0)
    module = Convolutions()

    def inputs(table):
        return (torch.from_numpy(pixels[table["__row__"].to_numpy()]) - 0.5,)

    train(module, inputs(table), torch.from_numpy(y), steps=100)
    return Fake(module, ("image",), ("dark", "grey", "bright"), inputs), table, y


def explained(world, folder, **config):
    predictor, table, y = world
    (folder / "pictures").mkdir(exist_ok=True)
    return explain(
        predictor,
        table,
        y_true=y,
        config=ExplainConfig(**config),
        pictures=folder / "pictures",
        background=table.slice(0, 100),
    )


@pytest.fixture(scope="module")
def found(tabular, tmp_path_factory):
    return explained(tabular, tmp_path_factory.mktemp("tabular"))


@pytest.mark.parametrize("method", ["integrated_gradients", "permutation_importance"])
def test_the_planted_columns_are_recovered_in_order_and_the_others_matter_little(found, method):
    ranking = found.values["methods"][method]["global"]
    assert [line["feature"] for line in ranking[:2]] == ["strong", "weak"]
    assert ranking[0]["low"] > ranking[1]["high"]
    assert all(line["value"] < ranking[0]["value"] / 5 for line in ranking[2:])


def test_the_explanation_of_a_trained_model_is_faithful(found):
    checks = found.values["faithfulness"]
    assert checks["integrated_gradients_deletion_advantage"]["low"] > 0
    assert checks["integrated_gradients_randomization_rank_correlation"]["high"] < 0.6


def test_examples_show_raw_values_and_shares_that_add_up(found, tabular):
    _, table, y = tabular
    examples = found.values["methods"]["integrated_gradients"]["examples"]
    assert len(examples) == 6
    for example in examples:
        i = example["row"] - 1000
        assert example["y_true"] == ("no", "yes")[y[i]]
        inputs = {share["feature"]: share["input"] for share in example["attributions"]}
        assert inputs["strong"] == pytest.approx(table["strong"][i].as_py(), rel=1e-5)
        sizes = [abs(share["value"]) for share in example["attributions"]]
        assert sizes == sorted(sizes, reverse=True)


def test_completeness_is_reported_beside_what_is_shared_out(found):
    settings = found.values["methods"]["integrated_gradients"]["settings"]
    assert 0 <= settings["completeness_gap_mean"] <= 0.05 * settings["mean_change_explained"]


def test_every_method_says_what_it_cannot_say(found, images, tmp_path):
    for values in (found.values, explained(images, tmp_path).values):
        for name, method in values["methods"].items():
            assert method["settings"]["cannot_say"] == METHODS[name].cannot_say


def test_the_same_inputs_give_the_same_findings(tabular, found, tmp_path):
    again = explained(tabular, tmp_path)
    assert json.dumps(again.values) == json.dumps(found.values)
    assert json.dumps(explained(tabular, tmp_path, seed=1).values) != json.dumps(found.values)


def test_grad_cam_points_at_the_watermark(images, tmp_path):
    found = explained(images, tmp_path).values["methods"]["grad_cam"]
    assert found["settings"]["map"].startswith("4×4")
    kinds = {example["picture"].split("_")[2] for example in found["examples"]}
    assert {"typical", "uncertain"} <= kinds
    assert all((tmp_path / example["picture"]).read_bytes()[1:4] == b"PNG" for example in found["examples"])

    predictor, table, y = images
    bright = np.flatnonzero(y == 2)
    maps = heat(predictor.module, predictor.inputs(table)[0][bright], torch.full((len(bright),), 2))
    mean = maps.mean(axis=0)
    assert mean[:2, :2].min() > 5 * mean[2:, 2:].max()


@pytest.mark.parametrize("architecture", ["resnet_small", "vit_small"])
def test_the_projects_image_networks_show_maps_of_at_least_four_by_four(architecture, images, tmp_path):
    _, table, y = images
    torch.manual_seed(0)
    module = build(architecture, ImageInput(channels=1, height=8, width=8), 3)
    world = (
        Fake(module, ("image",), ("dark", "grey", "bright"), images[0].inputs),
        table.slice(0, 12),
        y[:12],
    )
    found = explained(world, tmp_path, examples=1)
    assert found.values["methods"]["grad_cam"]["examples"]
    assert set(found.values["faithfulness"]) == {
        "grad_cam_randomization_rank_correlation",
        "grad_cam_deletion_advantage",
    }


def test_hiding_the_watermark_first_beats_hiding_at_random(images, tmp_path):
    checks = explained(images, tmp_path).values["faithfulness"]
    assert checks["grad_cam_deletion_advantage"]["low"] > 0


def test_regression_is_explained_in_its_own_way(tmp_path):
    rng, names = np.random.default_rng(0), ("a", "b")
    table = pa.table({"__row__": np.arange(ROWS), **{name: rng.normal(size=ROWS) for name in names}})
    torch.manual_seed(0)
    module = build(
        "mlp", TabularInput(numeric=2, cardinalities=(), bins=((-1.0, 0.0, 1.0),) * 2), 1, width=16
    )

    def inputs(table):
        return numbers(table, names), torch.empty(table.num_rows, 0, dtype=torch.int64)

    predictor = Fake(module, names, (), inputs, task="regression")
    y = predictor.predict(table).astype(float) + 0.01 * rng.normal(size=ROWS)
    values = explained((predictor, table, y), tmp_path).values
    assert values["methods"]["permutation_importance"]["settings"]["metric"] == "r_squared"
    assert values["faithfulness"]["integrated_gradients_deletion_advantage"]["value"] > 0
    assert isinstance(values["methods"]["integrated_gradients"]["examples"][0]["y_true"], float)


def test_parts_of_one_column_are_summed_into_it(tabular, tmp_path):
    predictor, table, y = tabular
    parted = Fake(
        predictor.module, ("strong", "weak", "weak (missing)", "colour"), predictor.classes, predictor.inputs
    )
    ranking = explained((parted, table, y), tmp_path).values["methods"]["integrated_gradients"]["global"]
    assert {line["feature"] for line in ranking} == {"strong", "weak", "colour"}


def test_one_true_class_leaves_permutation_importance_missing(tabular, tmp_path):
    predictor, table, y = tabular
    found = explained((predictor, table, np.ones_like(y)), tmp_path)
    assert "one" in found.missing["/methods/permutation_importance"]
    assert "integrated_gradients" in found.values["methods"]


def test_a_network_that_shows_nothing_leaves_methods_missing(tabular, images, tmp_path):
    class Closed(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, *inputs):
            return self.inner(*inputs)

    for (predictor, table, y), method in ((tabular, "integrated_gradients"), (images, "grad_cam")):
        closed = Fake(Closed(predictor.module), predictor.feature_names, predictor.classes, predictor.inputs)
        found = explained((closed, table, y), tmp_path)
        assert f"/methods/{method}" in found.missing
        assert method not in found.values["methods"]


def test_a_single_test_row_and_none_at_all_are_no_crash(tabular, tmp_path):
    predictor, table, y = tabular
    one = explain(
        predictor,
        table.slice(0, 1),
        y_true=y[:1],
        config=ExplainConfig(),
        pictures=tmp_path,
        background=table,
    )
    assert one.values["methods"]["integrated_gradients"]["global"][0]["n"] == 1
    none = explain(
        predictor,
        table.slice(0, 0),
        y_true=y[:0],
        config=ExplainConfig(),
        pictures=tmp_path,
        background=table,
    )
    assert set(none.missing) == {"/methods/integrated_gradients", "/methods/permutation_importance"}


@pytest.mark.parametrize(
    ("methods", "mend"), [(("integrated_gradient",), "integrated_gradients"), (("grad_cam",), "tabular data")]
)
def test_a_method_that_cannot_be_had_is_refused_by_name(tabular, tmp_path, methods, mend):
    with pytest.raises(SpecError, match=mend):
        explained(tabular, tmp_path, methods=methods)


def test_only_the_methods_that_are_asked_for_are_run(tabular, tmp_path):
    found = explained(tabular, tmp_path, methods=("permutation_importance",))
    assert list(found.values["methods"]) == ["permutation_importance"]
    assert found.values["faithfulness"] == {}


def test_the_table_of_methods_is_read_without_torch():
    code = (
        "import sys; from assay.audits.explanation import METHODS, explain; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ)).returncode == 0
