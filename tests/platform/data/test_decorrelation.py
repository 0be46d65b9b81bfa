"""Correlation removal, against Fairlearn's, and inside the preprocessor."""

import json

import numpy as np
import pyarrow as pa
import pytest
from assay.platform.data.decorrelation import Decorrelation
from assay.platform.data.preprocess import Preprocessor
from assay.platform.data.schema import Column, Schema
from assay.platform.exceptions import DataError
from fairlearn.preprocessing import CorrelationRemover

CARDINALITIES = (3, 4)


def people(rows: int = 300):
    draw = np.random.default_rng(0)
    sex = draw.choice(["f", "m"], rows)
    race = draw.choice(["a", "b", "c"], rows)
    numeric = draw.normal(0, 1, (rows, 2)) + 0.7 * (sex == "m")[:, None]
    codes = np.stack([draw.integers(0, 3, rows), (race == "b") * draw.integers(0, 4, rows)], axis=1)
    return numeric, codes, {"sex": sex, "race": race}


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_what_is_left_is_what_fairlearn_leaves(strength):
    numeric, codes, groups = people()
    removal = Decorrelation.fit(numeric, codes, groups, cardinalities=CARDINALITIES, strength=strength)
    found = removal.transform(numeric, codes, groups)
    indicators = [(codes[:, [i]] == np.arange(size)) for i, size in enumerate(CARDINALITIES)]
    sensitive = np.stack([groups["sex"] == "m", groups["race"] == "b", groups["race"] == "c"], axis=1)
    whole = np.concatenate([sensitive, numeric, *indicators], axis=1).astype(float)
    peer = CorrelationRemover(sensitive_feature_ids=[0, 1, 2], alpha=strength).fit(whole)
    np.testing.assert_allclose(found, peer.transform(whole), atol=1e-6)


def test_nothing_is_left_that_correlates_with_a_group():
    numeric, codes, groups = people()
    removal = Decorrelation.fit(numeric, codes, groups, cardinalities=CARDINALITIES)
    left = removal.transform(numeric, codes, groups)
    male = (groups["sex"] == "m").astype(float)
    assert np.abs((left - left.mean(axis=0)).T @ (male - male.mean())).max() < 1e-3


def test_a_group_that_train_never_saw_loses_nothing():
    numeric, codes, groups = people()
    removal = Decorrelation.fit(numeric, codes, {"sex": groups["sex"]}, cardinalities=CARDINALITIES)
    unseen = removal.transform(numeric, codes, {"sex": np.full(len(numeric), "x")})
    np.testing.assert_allclose(unseen[:, :2], numeric, atol=1e-6)


@pytest.fixture
def prepared():
    """A preprocessor that removes correlation, and its rows."""
    numeric, codes, groups = people()
    table = pa.table(
        {
            "pay": numeric[:, 0],
            "job": codes[:, 0].astype(str),
            **groups,
            "label": np.where(codes[:, 0], "y", "n"),
        }
    )
    roles = {"pay": "feature", "job": "feature", "sex": "sensitive", "race": "ignored", "label": "target"}
    schema = Schema(
        modality="tabular", task="binary", target="label", classes=("n", "y"), sensitive=("sex",),
        columns=tuple(
            Column(name=name, kind="numeric" if name == "pay" else "categorical", role=role, why="test")
            for name, role in roles.items()
        ),
    )  # fmt: skip
    plain = Preprocessor.fit(table, schema)
    numeric, codes = plain.transform(table)
    removal = Decorrelation.fit(
        numeric, codes, plain.sensitive(table), cardinalities=[f.cardinality for f in plain.categorical]
    )
    return Preprocessor(
        schema=schema, numeric=plain.numeric, categorical=plain.categorical, decorrelation=removal
    ), table


def test_a_preprocessor_gives_the_network_numbers_alone(prepared):
    preprocessor, table = prepared
    numeric, codes = preprocessor.transform(table)
    inputs = preprocessor.inputs()
    assert numeric.shape == (len(table), len(inputs["numeric"])) == (len(table), 1 + 5)
    assert codes.shape == (len(table), 0)
    assert inputs["columns"] == ["pay", *["job"] * 5]
    assert all(np.all(np.diff(edges) > 0) for edges in inputs["bins"])


def test_it_survives_json(prepared):
    preprocessor, table = prepared
    again = Preprocessor.from_json(json.loads(json.dumps(preprocessor.to_json())))
    assert again == preprocessor
    np.testing.assert_array_equal(again.transform(table)[0], preprocessor.transform(table)[0])


def test_a_prediction_without_the_sensitive_column_says_why_it_is_needed(prepared):
    preprocessor, table = prepared
    with pytest.raises(DataError, match="'sex': its features are freed of it"):
        preprocessor.transform(table.drop_columns(["sex"]))
