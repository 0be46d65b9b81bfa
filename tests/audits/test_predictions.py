import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.audits.predictions import Predictions
from assay.platform.exceptions import DataError


def make(**changes) -> Predictions:
    fields = {
        "task": "binary",
        "classes": ("no", "yes"),
        "positive": "yes",
        "rows": np.array([4, 7, 9]),
        "y_true": np.array([0, 1, 1]),
        "y_pred": np.array([0, 1, 0]),
        "scores": np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]),
        "sensitive": {"sex": np.array(["f", None, "m"], dtype=object), "y_true": np.array(["a", "b", "c"])},
        "weight": np.array([1.0, 2.0, 0.5]),
    }
    return Predictions(**(fields | changes))


def test_parquet_gives_back_what_was_written(tmp_path):
    ours = make()
    ours.to_parquet(tmp_path / "p.parquet")
    back = Predictions.from_parquet(tmp_path / "p.parquet")
    assert (back.task, back.classes, back.positive) == (ours.task, ours.classes, ours.positive)
    for name in ("rows", "y_true", "y_pred", "scores", "weight"):
        np.testing.assert_array_equal(getattr(back, name), getattr(ours, name))
    assert back.sensitive["sex"].tolist() == ["f", None, "m"]
    assert back.sensitive["y_true"].tolist() == ["a", "b", "c"]


def test_regression_without_scores_or_weights_goes_through_parquet(tmp_path):
    ours = Predictions(
        task="regression", rows=np.arange(2), y_true=np.array([1.5, 2]), y_pred=np.array([1.0, 2.5])
    )
    ours.to_parquet(tmp_path / "p.parquet")
    back = Predictions.from_parquet(tmp_path / "p.parquet")
    assert back.scores is None
    assert back.weight is None
    np.testing.assert_array_equal(back.y_pred, ours.y_pred)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scores": np.array([[0.9, 0.1], [np.nan, 0.8], [0.6, 0.4]])}, "NaN or infinity in 1 of 3 rows"),
        ({"weight": np.array([1.0, -1.0, 1.0])}, "weights"),
        ({"weight": np.zeros(3)}, "weights"),
        ({"y_pred": np.array([0, 1])}, "another length"),
        ({"sensitive": {"sex": np.array(["a"])}}, "sensitive column 'sex'"),
        ({"y_true": np.array([0, 1, 2])}, "no class"),
        ({"y_true": np.array([0.0, 1.0, 1.0])}, "no class"),
        ({"scores": np.array([0.1, 0.8, 0.4])}, "wrong shape"),
        ({"positive": "no"}, "positive one second"),
        ({"task": "ranking"}, "unknown task"),
    ],
)
def test_predictions_that_cannot_be_audited_are_refused_with_the_reason(changes, says):
    with pytest.raises(DataError, match=says):
        make(**changes)


def test_no_rows_are_refused():
    empty = np.array([], dtype=int)
    with pytest.raises(DataError, match="no predictions"):
        Predictions(task="regression", rows=empty, y_true=empty, y_pred=empty)


def test_a_parquet_file_of_another_origin_is_refused(tmp_path):
    pq.write_table(pa.table({"x": [1]}), tmp_path / "p.parquet")
    with pytest.raises(DataError, match="can't be read"):
        Predictions.from_parquet(tmp_path / "p.parquet")
    (tmp_path / "q.parquet").write_bytes(b"not parquet")
    with pytest.raises(DataError, match="can't be read"):
        Predictions.from_parquet(tmp_path / "q.parquet")
