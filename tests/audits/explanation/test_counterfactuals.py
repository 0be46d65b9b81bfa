"""Counterfactuals of models in which the least change is known, each held against the model."""

import json

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.config import ExplainConfig
from assay.audits.explanation import explain
from assay.audits.explanation.changes import choices
from assay.audits.explanation.counterfactuals import Search
from assay.platform.exceptions import SpecError
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = 200
KINDS = {"income": "numeric", "debt": "numeric", "job": "categorical"}


def people(seed=0):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "__row__": np.arange(ROWS),
            "income": rng.integers(0, 100, ROWS),
            "debt": rng.normal(20, 8, ROWS).round(2),
            "job": rng.choice(["clerk", "cook", "pilot"], ROWS),
            "sex": rng.choice(["f", "m"], ROWS),
        }
    )


def credit(table):
    """Yes above 50 of income, less debt, with 10 for pilots."""
    points = table["income"].to_numpy() - table["debt"].to_numpy()
    points = points + 10 * (np.array(table["job"].to_pylist()) == "pilot")
    return 1 / (1 + np.exp(-(points - 30) / 10))


@pytest.fixture(scope="module")
def world(worlds):
    table = people()
    schema = worlds.schema_of(table, "binary", ("no", "yes"), sensitive=("sex",))
    return worlds.Asked(credit, schema), table


def row_of(table, i):
    return table.slice(i, 1)


def changed(row, changes):
    for name, value in changes.items():
        place = row.column_names.index(name)
        row = row.set_column(place, name, pa.array([value], row[name].type))
    return row


def test_each_one_flips_the_decision_within_what_was_observed_and_no_change_is_idle(world):
    model, table = world
    search = Search(model, table, KINDS)
    for i in range(25):
        row = row_of(table, i)
        before = model.decide(model.predict(row), row)[0]
        found = search.find(row)
        assert found
        for each in found:
            after = changed(row, each.changes)
            scores = model.predict(after)
            assert model.decide(scores, after)[0] == each.y_pred != before
            assert scores[0, each.y_pred] == pytest.approx(each.score)
            for name, value in each.changes.items():
                assert value in table[name].to_pylist()
                fewer = {other: v for other, v in each.changes.items() if other != name}
                undone = changed(row, fewer)
                assert model.decide(model.predict(undone), undone)[0] == before or len(each.changes) > 1
        assert len({frozenset(each.changes) for each in found}) == len(found)


def test_one_column_is_enough_wherever_one_is_and_moves_as_little_as_may_be(world):
    """Income flips at debt + 30 (+ or - 10): the nearest observed income beyond it, give or take a grid."""
    model, table = world
    search, incomes = Search(model, table, KINDS), np.unique(table["income"].to_numpy())
    seen = 0
    for i in range(40):
        row = row_of(table, i)
        if model.decide(model.predict(row), row)[0] == 1 or row["job"][0].as_py() == "pilot":
            continue
        found = [each for each in search.find(row) if set(each.changes) == {"income"}]
        assert found
        least = incomes[incomes > 30 + row["debt"][0].as_py()]
        assert found[0].changes["income"] - least[0] <= 6
        seen += 1
    assert seen > 5


def test_a_model_that_needs_two_changes_gets_two(worlds):
    table = pa.table({"a": [0, 1] * 50, "b": [0, 0, 1, 1] * 25, "c": np.arange(100)})
    both = lambda t: (t["a"].to_numpy() * t["b"].to_numpy() * 0.8 + 0.1).astype(float)  # noqa: E731
    model = worlds.Asked(both, worlds.schema_of(table, "binary", ("no", "yes")))
    found = Search(model, table, dict.fromkeys("abc", "numeric")).find(table.slice(0, 1))
    assert found[0].changes == {"a": 1, "b": 1}
    assert len(found) == 1


def test_a_model_that_needs_many_changes_borrows_them_from_a_neighbour(worlds):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (300, 6))
    x[0], x[1:100] = 0, 1
    names = [f"x{j}" for j in range(6)]
    table = pa.table(dict(zip(names, x.T, strict=True)))
    most = lambda t: np.where(worlds.numbers(t, names).sum(axis=1) >= 5, 0.9, 0.1)  # noqa: E731
    model = worlds.Asked(most, worlds.schema_of(table, "binary", ("no", "yes")))
    found = Search(model, table, dict.fromkeys(names, "numeric")).find(table.slice(0, 1))
    assert len(found) == 1
    assert len(found[0].changes) == 5


def test_nothing_is_found_where_nothing_flips(worlds):
    table = people()
    model = worlds.Asked(lambda t: np.full(t.num_rows, 0.2), worlds.schema_of(table, "binary", ("no", "yes")))
    search = Search(model, table, KINDS)
    assert search.find(table.slice(0, 1)) == []
    assert search.asked > 100


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60), st.integers(-5, 5), st.integers(-5, 5))
def test_distance_is_nothing_to_oneself_symmetric_and_grows_along_the_way(values, a, b):
    column = choices(pa.chunked_array([pa.array(values)]), "x", "numeric")
    assert column.distance(a, a) == 0
    assert column.distance(a, b) == column.distance(b, a)
    assert 0 <= column.distance(a, b) <= 1
    low, high = min(a, b), max(a, b)
    assert column.distance(low, high) <= column.distance(low - 1, high + 1)
    assert all(value in values for value in column.values)


def test_the_report_names_changes_and_keeps_immutable_columns(world, tmp_path):
    model, table = world
    y = (credit(table) > 0.5).astype(int)
    found = explain(
        model,
        table,
        y_true=y,
        config=ExplainConfig(methods=("counterfactuals",), immutable=("income",)),
        pictures=tmp_path,
        background=table,
    )
    method = found.values["methods"]["counterfactuals"]
    assert method["settings"]["immutable"] == ["sex", "income"]
    changes = [
        change
        for example in method["examples"]
        for each in example["counterfactuals"]
        for change in each["changes"]
    ]
    assert changes
    assert {change["feature"] for change in changes} <= {"debt", "job"}
    lost = [example for example in method["examples"] if not example["counterfactuals"]]
    assert all("changed rows" in example["none_found"] for example in lost)
    json.dumps(found.values, allow_nan=False)


def test_an_immutable_column_that_is_not_there_is_refused(world, tmp_path):
    model, table = world
    with pytest.raises(SpecError, match="income"):
        explain(
            model,
            table,
            y_true=np.zeros(ROWS, int),
            config=ExplainConfig(methods=("counterfactuals",), immutable=("incme",)),
            pictures=tmp_path,
            background=table,
        )
