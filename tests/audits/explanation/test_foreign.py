"""Models that only answer, and read what they say they read."""

import numpy as np
import pyarrow as pa
from assay.audits.config import ExplainConfig
from assay.audits.explanation import explain


def test_a_model_that_names_its_columns_is_asked_about_these_texts_included(worlds, tmp_path):
    """The text is no feature of ours, and `other` is one that this model doesn't read."""
    rng = np.random.default_rng(0)
    late = rng.random(60) < 0.5
    table = pa.table(
        {
            "__row__": np.arange(60),
            "text": [f"it came {'late' if each else 'soon'} {i}" for i, each in enumerate(late)],
            "other": rng.normal(size=60),
        }
    )
    schema = worlds.schema_of(table, "binary", ("fine", "complaint"), features=("other",))

    class Foreign(worlds.Asked):
        columns = ("text",)

    model = Foreign(
        lambda t: np.array([0.95 if "late" in text else 0.05 for text in t["text"].to_pylist()]), schema
    )
    found = explain(
        model,
        table,
        y_true=late.astype(int),
        config=ExplainConfig(examples=2),
        pictures=tmp_path,
        background=table,
    )
    methods = found.values["methods"]
    assert [line["feature"] for line in methods["kernel_shap"]["global"]] == ["text"]
    assert methods["occlusion"]["examples"][0]["words"]["text"]
    assert "free text" in found.missing["/methods/counterfactuals"]
    assert "/methods/integrated_gradients" in found.missing


def test_a_model_may_read_columns_that_stay_with_the_row(worlds, tmp_path):
    """It decides by group: the sensitive column is no feature, and has to be there whenever it is asked."""
    rng = np.random.default_rng(0)
    table = pa.table(
        {"a": rng.normal(size=80), "b": rng.normal(size=80), "group": rng.choice(["x", "y"], 80)}
    )
    schema = worlds.schema_of(table, "binary", ("no", "yes"), sensitive=("group",))

    def says(table):
        shift = np.array(table["group"].to_pylist()) == "x"
        return 1 / (1 + np.exp(-2 * table["a"].to_numpy() - shift))

    found = explain(
        worlds.Asked(says, schema),
        table,
        y_true=rng.integers(0, 2, 80),
        config=ExplainConfig(),
        pictures=tmp_path,
        background=table,
        sensitive={"group": np.array(table["group"].to_pylist())},
    )
    ranking = found.values["methods"]["kernel_shap"]["global"]
    assert [line["feature"] for line in ranking] == ["a", "b"]
    assert ranking[1]["value"] == 0
    assert found.values["methods"]["counterfactuals"]["settings"]["immutable"] == ["group"]
    changed = {
        change["feature"]
        for example in found.values["methods"]["counterfactuals"]["examples"]
        for each in example["counterfactuals"]
        for change in each["changes"]
    }
    assert changed == {"a"}
