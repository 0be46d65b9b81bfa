import numpy as np
import pyarrow as pa
import pytest
from assay.audits.robustness.out_of_distribution import materials, out_of_distribution
from assay.platform.data.schema import Column
from sklearn.metrics import roc_auc_score


def confident_at_home(table):
    """Sure where x and z agree, as they do at home."""
    gap = np.abs(table["x"].to_numpy() - table["z"].to_numpy())
    return 0.5 + 0.5 * np.exp(-gap)


@pytest.fixture
def home(build, numbers):
    columns, table, y_true = numbers
    table = table.set_column(1, "z", table["x"])
    return build(columns, table, y_true, confident_at_home)


def test_columns_taken_apart_keep_their_values_and_lose_their_company(home):
    made = dict(materials(home))
    assert made.keys() == {"independent_columns", "far_numbers"}
    apart = made["independent_columns"]
    for name in "xz":
        assert sorted(apart[name].to_pylist()) == sorted(home.table[name].to_pylist())
    assert abs(np.corrcoef(apart["x"].to_numpy(), apart["z"].to_numpy())[0, 1]) < 0.2


def test_the_area_is_that_of_another_library(home):
    found = out_of_distribution(home, home.table).values["foreign_rows"]["materials"]
    apart = dict(materials(home))["independent_columns"]
    own, foreign = (home.scorer.predict(t).max(axis=1) for t in (home.table, apart))
    labels = np.repeat([1, 0], [len(own), len(foreign)])
    area = found["independent_columns"]["largest_score"]["auroc"]
    assert area["value"] == pytest.approx(roc_auc_score(labels, np.concatenate([own, foreign])))
    assert area["low"] <= area["value"] <= area["high"]
    level = np.sort(own)[int(np.ceil(0.05 * len(own))) - 1]
    accepted = found["independent_columns"]["largest_score"]["accepted"]
    assert accepted["value"] == pytest.approx(np.mean(foreign >= level), abs=0.01)


def test_the_metric_is_the_worst_material(home):
    found = out_of_distribution(home, home.table).values
    areas = [m["largest_score"]["auroc"]["value"] for m in found["foreign_rows"]["materials"].values()]
    assert found["metrics"]["foreign_rows_auroc"]["value"] == pytest.approx(min(areas))


def test_a_model_without_a_network_has_its_scores_alone(home):
    found = out_of_distribution(home, home.table).values["foreign_rows"]["materials"]
    assert all(scores.keys() == {"largest_score"} for scores in found.values())


def test_a_model_that_is_blind_has_an_area_of_a_half(build, numbers):
    columns, table, y_true = numbers
    blind = build(columns, table, y_true, lambda t: np.full(t.num_rows, 0.7))
    area = out_of_distribution(blind, table).values["metrics"]["foreign_rows_auroc"]
    assert area["value"] == 0.5


def test_what_cannot_be_asked_says_why(build, numbers):
    columns, table, y_true = numbers
    x = table["x"].to_numpy()
    values = build(columns, table, x, lambda t: t["x"].to_numpy(), task="regression")
    assert "/foreign_rows" in out_of_distribution(values, table).missing
    narrow = build(columns[2:], pa.table({"c": table["c"]}), y_true, lambda t: np.full(t.num_rows, 0.7))
    assert "fewer than two columns" in out_of_distribution(narrow, table).missing["/foreign_rows"]


def test_a_model_that_refuses_foreign_rows_is_quoted(build, numbers):
    columns, table, y_true = numbers

    def strict(asked):
        if asked["x"].to_numpy().max() > 4:
            raise ValueError("x is out of range")
        return np.full(asked.num_rows, 0.7)

    found = out_of_distribution(build(columns, table, y_true, strict), table)
    assert "x is out of range" in found.missing["/foreign_rows"]


def test_words_in_another_order_are_the_same_words(build):
    said = [None, "", *(f"one two three four five six {i}" for i in range(38))]
    table = pa.table({"said": pa.array(said, pa.string())})
    subject = build(
        (Column(name="said", kind="text", role="feature", why=""),), table, np.arange(40) % 2,
        lambda t: np.full(len(t), 0.7),
        schema={"modality": "text"},
    )  # fmt: skip
    made = dict(materials(subject))
    assert made.keys() == {"shuffled_words"}
    mixed = made["shuffled_words"]["said"].to_pylist()
    assert mixed[:2] == [None, ""]
    assert [sorted(text.split()) for text in mixed[2:]] == [sorted(text.split()) for text in said[2:]]
    assert sum(a != b for a, b in zip(mixed[2:], said[2:], strict=True)) > 30
