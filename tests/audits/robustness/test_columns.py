import numpy as np
import pyarrow as pa
from assay.audits.robustness.columns import NOISE, SHARES, SHIFTS, UNITS, emptied, shifts
from assay.platform.data.schema import Column, Schema


def world(rows=2000):
    rng = np.random.default_rng(0)
    table = pa.table({
        "age": rng.integers(18, 80, rows),
        "pay": rng.normal(100, 20, rows),
        "job": rng.choice(["x", "y"], rows),
        "y": rng.choice(["no", "yes"], rows),
    })  # fmt: skip
    columns = [
        ("age", "numeric", "feature"),
        ("pay", "numeric", "feature"),
        ("job", "categorical", "feature"),
        ("y", "categorical", "target"),
    ]
    described = tuple(Column(name=n, kind=k, role=r, why="") for n, k, r in columns)
    return table, Schema(
        modality="tabular", task="binary", columns=described, target="y", classes=("no", "yes")
    )


def test_each_change_does_one_thing_and_leaves_the_label():
    table, schema = world()
    for change in [*shifts(table, schema, 0), *emptied(table, schema, 0)]:
        changed = change.table()
        assert changed.column_names == table.column_names
        assert changed["y"].equals(table["y"])
        moved = {n for n in table.column_names if not changed[n].equals(table[n])}
        if change.on is not None:
            assert moved == {change.on}


def test_all_changes_are_there():
    table, schema = world()
    kinds = [(c.kind, c.level, c.on) for c in shifts(table, schema, 0)]
    assert len(kinds) == len(set(kinds)) == len(NOISE) + 2 * (len(SHIFTS) + len(UNITS)) + 1
    empty = [(c.kind, c.level, c.on) for c in emptied(table, schema, 0)]
    assert len(empty) == len(set(empty)) == len(SHARES) + 3


def test_noise_moves_and_units_are_as_large_as_they_say():
    table, schema = world(20_000)
    age = table["age"].to_numpy()
    for change in shifts(table, schema, 0):
        changed = change.table()
        if change.kind == "noise":
            np.testing.assert_allclose(
                np.std(changed["age"].to_numpy() - age), change.level * age.std(), rtol=0.03
            )
        elif change.kind == "shift" and change.on == "age":
            np.testing.assert_allclose(changed["age"].to_numpy() - age, change.level * age.std())
        elif change.kind == "unit" and change.on == "age":
            np.testing.assert_allclose(changed["age"].to_numpy(), change.level * age)
        elif change.kind == "unseen":
            assert not set(changed["job"].to_pylist()) & {"x", "y"}


def test_the_share_of_empty_cells_is_as_asked_and_types_stay():
    table, schema = world(20_000)
    for change in emptied(table, schema, 0):
        changed = change.table()
        for name in ("age", "pay", "job"):
            assert changed.schema.field(name).type == table.schema.field(name).type
            share = changed[name].null_count / len(changed)
            if change.kind == "cells":
                assert abs(share - change.level) < 0.02
            else:
                assert share == (name == change.on)


def test_cells_go_missing_in_columns_independently():
    table, schema = world(20_000)
    half = next(c for c in emptied(table, schema, 0) if c.level == 0.5).table()
    age, pay = (np.array(half[name].is_null()) for name in ("age", "pay"))
    assert abs(np.corrcoef(age, pay)[0, 1]) < 0.03


def test_empty_cells_stay_empty_and_the_seed_decides():
    table, schema = world()
    holes = table.set_column(0, "age", pa.array([None, *table["age"].to_pylist()[1:]]))
    for change in shifts(holes, schema, 0):
        assert change.on == "job" or not change.table()["age"][0].is_valid
    noisy = [next(shifts(table, schema, seed)).table() for seed in (0, 0, 1)]
    assert noisy[0].equals(noisy[1])
    assert not noisy[0].equals(noisy[2])


def test_a_table_of_no_features_has_no_changes():
    table, schema = world()
    bare = table.select(["y"])
    assert not list(shifts(bare, schema, 0))
    assert not list(emptied(bare, schema, 0))


def test_texts_are_emptied_and_nothing_is_shifted_in_them():
    table = pa.table({"said": ["a b", "c d", None, "e"], "y": ["no", "yes", "no", "yes"]})
    columns = tuple(Column(name=n, kind=k, role=r, why="") for n, k, r in
                    [("said", "text", "feature"), ("y", "categorical", "target")])  # fmt: skip
    schema = Schema(modality="text", task="binary", columns=columns, target="y", classes=("no", "yes"))
    assert not list(shifts(table, schema, 0))
    wholly = [change.table() for change in emptied(table, schema, 0) if change.kind == "column"]
    assert [changed["said"].null_count for changed in wholly] == [4]
