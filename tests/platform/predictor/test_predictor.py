"""Asking a model."""

import json

import numpy as np
import pyarrow as pa
import pytest
import scipy.special
import torch
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import DataError
from assay.platform.predictor import Predictor


def test_scores_are_what_the_module_says_about_the_inputs(artifact, tabular):
    predictor, table = Predictor.load(artifact(tabular)), Dataset.open(tabular).test_table()
    with torch.no_grad():
        logits = predictor.module(*predictor.inputs(table)).double().numpy()
    np.testing.assert_allclose(predictor.predict(table), scipy.special.softmax(logits, axis=1), atol=1e-6)
    assert predictor.predict(table).shape == (200, 2)


def test_it_knows_its_task(artifact, tabular):
    predictor = Predictor.load(artifact(tabular))
    assert (predictor.task, predictor.classes, predictor.positive) == ("binary", ("no", "yes"), "yes")
    assert predictor.feature_names == ("age", "age (missing)", "job")
    assert not predictor.module.training


def test_many_rows_are_scored_in_batches_as_few_are(artifact, tabular):
    predictor, table = Predictor.load(artifact(tabular)), Dataset.open(tabular).test_table()
    many = pa.concat_tables([table] * 50)
    assert np.array_equal(predictor.predict(many), np.tile(predictor.predict(table), (50, 1)))


def test_no_rows_have_no_scores(artifact, tabular):
    predictor, table = Predictor.load(artifact(tabular)), Dataset.open(tabular).test_table()
    scores = predictor.predict(table.slice(0, 0))
    assert scores.shape == (0, 2)
    assert predictor.decide(scores, table.slice(0, 0)).shape == (0,)


def test_columns_may_come_in_any_order_with_others_among_them(artifact, tabular):
    predictor, table = Predictor.load(artifact(tabular)), Dataset.open(tabular).test_table()
    other = table.select(["weight", "job", "price", "age"])
    assert np.array_equal(predictor.predict(other), predictor.predict(table))


def test_categories_and_values_that_training_did_not_see_are_scored(artifact, tabular):
    predictor = Predictor.load(artifact(tabular))
    odd = pa.table({"age": pa.array([None, 1e9, 30.0]), "job": ["smith", "astronaut", None]})
    scores = predictor.predict(odd)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=2e-6)


def test_a_missing_column_is_named(artifact, tabular):
    predictor, table = Predictor.load(artifact(tabular)), Dataset.open(tabular).test_table()
    with pytest.raises(DataError, match="job"):
        predictor.predict(table.drop_columns("job"))


def test_pictures_and_regressions_are_scored_too(artifact, pictures, prices, tmp_path):
    predictor = Predictor.load(artifact(pictures))
    assert predictor.predict(Dataset.open(pictures).test_table()).shape == (64, 4)
    assert predictor.feature_names == ("image",)
    predictor = Predictor.load(artifact(prices))
    table = Dataset.open(prices).test_table()
    values = predictor.predict(table)
    assert values.shape == (200,)
    assert predictor.decide(values, table) is values


def test_temperature_and_threshold_come_from_the_artifact(artifact, tabular):
    folder, table = artifact(tabular), Dataset.open(tabular).test_table()
    plain = Predictor.load(folder)
    description = json.loads((folder / "postprocess.json").read_text())
    (folder / "postprocess.json").write_text(
        json.dumps(description | {"temperature": 4.0, "thresholds": {"yes": 0.0}})
    )
    changed = Predictor.load(folder)
    expected = scipy.special.softmax(plain.outputs(table).astype(float) / 4, axis=1)
    np.testing.assert_allclose(changed.predict(table), expected, atol=1e-6)
    assert changed.decide(changed.predict(table), table).tolist() == [1] * 200
