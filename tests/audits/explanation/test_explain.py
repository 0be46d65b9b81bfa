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
CHECKS = (
    "randomization_rank_correlation",
    "deletion_advantage",
    "insertion_advantage",
    "stability_rank_correlation",
    "stability_change",
)


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


@pytest.fixture(scope="module")
def tabular(worlds):
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
        numeric = torch.tensor(worlds.numbers(table, names), dtype=torch.float32)
        return numeric, torch.tensor(table["colour"].to_numpy().astype(np.int64))[:, None].clip(0, 2)

    worlds.train(module, inputs(table), y)
    schema = worlds.schema_of(table, "binary", ("no", "yes"))
    return worlds.Shown(module, (*names, "colour"), schema, inputs), table, y


@pytest.fixture(scope="module")
def images(worlds):
    """The label is whether the top left corner is bright: a watermark. The rest is noise."""
    rng, shape = np.random.default_rng(0), (1, 8, 8)
    y = rng.integers(0, 3, ROWS)
    pixels = rng.integers(0, 80, (ROWS, *shape))
    pixels[:, :, :2, :2] += (y * 87)[:, None, None, None]
    table = worlds.table_of_images(pixels.astype(np.uint8))
    torch.manual_seed(0)
    inputs = worlds.image_inputs(shape)
    module = worlds.train(Convolutions(), inputs(table), y, steps=200)
    schema = worlds.schema_of(table, "multiclass", ("dark", "grey", "bright"), image=shape)
    return worlds.Shown(module, ("image",), schema, inputs), table, y


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
    every = tuple(name for name, method in METHODS.items() if "tabular" in method.modalities)
    return explained(tabular, tmp_path_factory.mktemp("tabular"), methods=every[:-1])


@pytest.mark.parametrize(
    "method",
    [
        "integrated_gradients",
        "kernel_shap",
        "permutation_importance",
        "exact_shapley",
        "gradient_shap",
        "occlusion",
    ],
)
def test_the_planted_columns_are_recovered_in_order_and_the_others_matter_little(found, method):
    ranking = found.values["methods"][method]["global"]
    assert [line["feature"] for line in ranking[:2]] == ["strong", "weak"]
    assert ranking[0]["low"] > ranking[1]["high"]
    assert all(line["value"] < ranking[0]["value"] / 5 for line in ranking[2:])


def test_the_explanation_of_a_trained_model_is_faithful(found):
    checks = found.values["faithfulness"]
    for method in ("integrated_gradients", "kernel_shap", "exact_shapley", "gradient_shap", "occlusion"):
        assert checks[f"{method}_deletion_advantage"]["low"] > 0
        assert checks[f"{method}_insertion_advantage"]["low"] > 0
        assert checks[f"{method}_stability_rank_correlation"]["value"] > 0.8
        assert checks[f"{method}_stability_change"]["value"] < 0.3
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


def test_findings_are_what_the_schema_of_the_report_says(worlds, found):
    worlds.fits_the_report(found.values)


def test_every_method_says_what_it_cannot_say(found, images, tmp_path):
    for values in (found.values, explained(images, tmp_path).values):
        for name, method in values["methods"].items():
            assert method["settings"]["cannot_say"] == METHODS[name].cannot_say


def test_the_same_inputs_give_the_same_findings(tabular, tmp_path):
    once, again, other = (json.dumps(explained(tabular, tmp_path, seed=s).values) for s in (0, 0, 1))
    assert once == again
    assert once != other


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
def test_the_projects_image_networks_show_maps_of_at_least_four_by_four(
    architecture, images, worlds, tmp_path
):
    predictor, table, y = images
    torch.manual_seed(0)
    module = build(architecture, ImageInput(channels=1, height=8, width=8), 3)
    shown = type(predictor)(module, ("image",), predictor.schema, predictor.inputs)
    found = explained((shown, table.slice(0, 12), y[:12]), tmp_path, examples=1)
    assert found.values["methods"]["grad_cam"]["examples"]
    assert {f"grad_cam_{check}" for check in CHECKS} <= set(found.values["faithfulness"])
    worlds.fits_the_report(found.values)
    rolled = found.values["methods"].get("attention_rollout")
    assert (rolled is not None) == (architecture == "vit_small")
    if rolled:
        assert (rolled["heads"]["layers"], rolled["heads"]["heads"]) == (4, 4)
        assert (tmp_path / rolled["heads"]["picture"]).read_bytes()[1:4] == b"PNG"


def test_the_checks_tell_where_grad_cam_points_at_the_watermark_and_where_it_cannot(images, tmp_path):
    """A dark corner is a mark's absence: no map can light for it, and deletion says so. Occlusion can."""
    predictor, table, y = images
    (tmp_path / "pictures").mkdir()
    for code, right in ((2, True), (0, False)):
        rows = np.flatnonzero(y == code)
        checks = explain(
            predictor,
            table.take(rows),
            y_true=y[rows],
            config=ExplainConfig(examples=1),
            pictures=tmp_path / "pictures",
            background=table,
        ).values["faithfulness"]
        assert (checks["grad_cam_deletion_advantage"]["low"] > 0) == right
        assert checks["occlusion_deletion_advantage"]["low"] > 0.3
        assert checks["occlusion_insertion_advantage"]["low"] > 0.2


def test_columns_that_attention_passes_on_are_shown_for_a_transformer_of_columns(worlds, tabular, tmp_path):
    predictor, table, y = tabular
    torch.manual_seed(0)
    bins = (tuple(np.linspace(-2, 2, 9).tolist()),) * 3
    shape = TabularInput(numeric=3, cardinalities=(3,), bins=bins)
    module = build("ft_transformer", shape, 2, width=16, depth=1, heads=2)
    worlds.train(module, predictor.inputs(table), y, steps=60)
    shown = worlds.Shown(module, predictor.feature_names, predictor.schema, predictor.inputs)
    found = explained((shown, table, y), tmp_path, rows=64, examples=2).values
    ranking = found["methods"]["attention_rollout"]["global"]
    assert {line["feature"] for line in ranking} == {"strong", "weak", "noise", "colour"}
    assert 0 < sum(line["value"] for line in ranking) < 1, "the rest is the summary token's own"
    assert {f"attention_rollout_{check}" for check in CHECKS} <= set(found["faithfulness"])
    worlds.fits_the_report(found)


def test_regression_is_explained_in_its_own_way(worlds, tmp_path):
    rng, names = np.random.default_rng(0), ("a", "b")
    table = pa.table({"__row__": np.arange(ROWS), **{name: rng.normal(size=ROWS) for name in names}})
    torch.manual_seed(0)
    module = build(
        "mlp", TabularInput(numeric=2, cardinalities=(), bins=((-1.0, 0.0, 1.0),) * 2), 1, width=16
    )

    def inputs(table):
        numeric = torch.tensor(worlds.numbers(table, names), dtype=torch.float32)
        return numeric, torch.empty(table.num_rows, 0, dtype=torch.int64)

    predictor = worlds.Shown(module, names, worlds.schema_of(table, "regression", ()), inputs)
    y = predictor.predict(table).astype(float) + 0.01 * rng.normal(size=ROWS)
    values = explained((predictor, table, y), tmp_path).values
    assert values["methods"]["permutation_importance"]["settings"]["metric"] == "r_squared"
    assert values["faithfulness"]["integrated_gradients_deletion_advantage"]["value"] > 0
    assert isinstance(values["methods"]["integrated_gradients"]["examples"][0]["y_true"], float)
    assert "counterfactuals" not in values["methods"]
    everyone = values["error_browser"]["everyone"]["groups"]["all"]
    assert everyone["mean_error"]["value"] == pytest.approx(
        np.abs(y - predictor.predict(table)).mean(), rel=1e-4
    )


def test_parts_of_one_column_are_summed_into_it(tabular, tmp_path):
    predictor, table, y = tabular
    names = ("strong", "weak", "weak (missing)", "colour")
    parted = type(predictor)(predictor.module, names, predictor.schema, predictor.inputs)
    methods = explained((parted, table, y), tmp_path).values["methods"]
    for method in ("integrated_gradients", "kernel_shap"):
        assert {line["feature"] for line in methods[method]["global"]} == {"strong", "weak", "colour"}


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
        closed = type(predictor)(
            Closed(predictor.module), predictor.feature_names, predictor.schema, predictor.inputs
        )
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
    assert set(none.missing) == {
        "/methods/integrated_gradients",
        "/methods/kernel_shap",
        "/methods/permutation_importance",
        "/methods/counterfactuals",
    }


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
