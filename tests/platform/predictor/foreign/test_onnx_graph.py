"""ONNX graphs: every form of inputs and outputs gives the numbers of the model that was converted."""

import json

import numpy as np
import onnx
import pytest
from assay.platform.exceptions import ModelError
from assay.platform.predictor import load_model
from assay.platform.predictor.foreign import take
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def linear(weights, *, inputs=("rows",), metadata=None, **nodes) -> onnx.ModelProto:
    """logits = rows @ weights."""
    width, outputs = np.shape(weights)
    graph = helper.make_graph(
        [helper.make_node("MatMul", [inputs[0], "w"], ["out"])],
        "linear",
        [helper.make_tensor_value_info(inputs[0], TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None, outputs])],
        [helper.make_tensor("w", TensorProto.FLOAT, [width, outputs], np.ravel(weights).tolist())],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if metadata:
        helper.set_model_props(model, metadata)
    return model


def opened(model, dataset, folder, *, logits=False):
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "artifact").mkdir()
    take(folder / "model.onnx", dataset, folder / "artifact", logits=logits)
    return load_model(folder / "artifact")


@pytest.mark.parametrize("zipmap", [True, False])
def test_a_matrix_of_numeric_features_gives_the_converted_models_scores(dataset, table, tmp_path, zipmap):
    frame = table.to_pandas()
    rows = frame[["x", "z"]].to_numpy(np.float32)
    model = LogisticRegression().fit(rows, frame["y"])
    graph = to_onnx(model, rows[:1], options={"zipmap": zipmap})
    found = opened(graph, dataset, tmp_path)
    # Without ZipMap the names of the classes are gone, and sorted order has to do: no, then yes.
    np.testing.assert_allclose(found.predict(table)[:, 0], model.predict_proba(rows)[:, 1], atol=1e-5)


def test_inputs_find_their_columns_by_name(dataset, table, tmp_path):
    frame = table.to_pandas()
    steps = make_column_transformer((StandardScaler(), ["x"]), (OneHotEncoder(), ["colour"]))
    model = make_pipeline(steps, LogisticRegression()).fit(frame[["x", "colour"]], frame["y"])
    kinds = [("x", FloatTensorType([None, 1])), ("colour", StringTensorType([None, 1]))]
    found = opened(to_onnx(model, initial_types=kinds), dataset, tmp_path)
    assert found.columns == ("x", "colour")
    np.testing.assert_allclose(found.predict(table)[:, 0], model.predict_proba(frame)[:, 1], atol=1e-5)


@pytest.mark.parametrize("weights", [[[1.0], [2.0]], [[0.0, 1.0], [0.0, 2.0]]])
def test_logits_become_probabilities_where_it_is_said(dataset, table, tmp_path, weights):
    found = opened(linear(weights), dataset, tmp_path, logits=True)
    frame = table.to_pandas()
    expected = 1 / (1 + np.exp(-(frame["x"] + 2 * frame["z"])))  # of the second class in sorted order: yes
    np.testing.assert_allclose(found.predict(table)[:, 0], expected, atol=1e-5)


def test_logits_that_nobody_declared_are_refused(dataset, table, tmp_path):
    found = opened(linear([[0.0, 1.0], [0.0, 2.0]]), dataset, tmp_path)
    with pytest.raises(ModelError, match="--logits"):
        found.predict(table)


def test_names_in_the_metadata_order_the_columns(dataset, table, tmp_path):
    graph = linear([[1.0], [2.0]], metadata={"feature_names": json.dumps(["z", "x"])})
    found = opened(graph, dataset, tmp_path, logits=True)
    frame = table.to_pandas()
    expected = 1 / (1 + np.exp(-(frame["z"] + 2 * frame["x"])))
    np.testing.assert_allclose(found.predict(table)[:, 0], expected, atol=1e-5)


def test_a_graph_of_another_width_is_refused_with_the_columns(dataset, table, tmp_path):
    found = opened(linear([[1.0]] * 3), dataset, tmp_path, logits=True)
    with pytest.raises(ModelError, match="2 numeric features: x, z"):
        found.predict(table)


def test_a_file_that_is_no_graph_is_refused(dataset, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelError, match="can't be opened"):
        take(tmp_path / "m.onnx", dataset, tmp_path, logits=False)


def test_weights_outside_the_file_are_not_looked_for(dataset, tmp_path):
    model = linear([[1.0], [2.0]])
    tensor = model.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secret"
    (tmp_path / "secret").write_bytes(np.ones(2, np.float32).tobytes())
    with pytest.raises(ModelError, match="can't be opened"):
        opened(model, dataset, tmp_path, logits=True)
