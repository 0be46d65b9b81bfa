"""Splits that a column's values say, and splits that whole classes go to."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from assay.platform.data.config import DataConfig, SplitConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.splits import NAMES, UNSET, check_apart, given
from assay.platform.exceptions import DataError, SpecError
from hypothesis import given as given_examples
from hypothesis import strategies as st


def people(tmp_path: Path) -> str:
    """Six sites of 40 rows; of each of six kinds, the rows lie in two sites."""
    site = np.repeat(["north", "east", "south", "west", "upper", "lower"], 40)
    kind = np.repeat(["a", "b", "c"], 80)
    kind = np.char.add(kind, np.tile(np.repeat(["1", "2"], 20), 6))
    frame = pd.DataFrame({"size": np.arange(240) % 17, "site": site, "kind": kind, "won": np.arange(240) % 2})
    frame.to_csv(tmp_path / "people.csv", index=False)
    return f"csv:{tmp_path / 'people.csv'}"


def dealt(tmp_path: Path, *, apart: bool = False, **split) -> tuple[dict, dict[str, pd.DataFrame], Dataset]:
    config = DataConfig(
        source=people(tmp_path), target="kind" if apart else "won", split=SplitConfig(**split)
    )
    details = ingest(config, out=tmp_path / "out", classes_apart=apart)
    dataset = Dataset.open(tmp_path / "out")
    tables = {name: dataset.table(name).to_pandas() for name in ("train", "validation")}
    return details, tables | {"test": dataset.test_table().to_pandas()}, dataset


def test_rows_of_listed_values_are_in_their_split_and_others_are_dealt(tmp_path):
    details, rows, dataset = dealt(tmp_path, fixed={"site": {"test": ("north", "east")}})
    assert set(rows["test"]["site"]) == {"north", "east"}
    assert details["splits"] == {"train": 144, "validation": 16, "test": 80}
    assert details["dealt"] == 160
    assert dataset.schema.column("site").role == "split"


def test_a_column_listed_for_all_three_leaves_the_rest_to_train(tmp_path):
    fixed = {"site": {"train": ("south",), "validation": ("east",), "test": ("north",)}}
    details, rows, _ = dealt(tmp_path, fixed=fixed)
    assert {name: set(table["site"]) for name, table in rows.items()} == {
        "train": {"south", "west", "upper", "lower"}, "validation": {"east"}, "test": {"north"},
    }  # fmt: skip
    assert details["splits"] == {"train": 160, "validation": 40, "test": 40}


def test_apart_every_class_is_in_one_split_and_each_split_has_some(tmp_path):
    _, rows, _ = dealt(tmp_path, apart=True, validation=0.2, test=0.3)
    found = {name: set(table["kind"]) for name, table in rows.items()}
    assert all(found.values())
    assert sum(map(len, found.values())) == len(set.union(*found.values())) == 6


def test_apart_and_fixed_classes_of_the_other_values_are_dealt_whole(tmp_path):
    _, rows, _ = dealt(tmp_path, apart=True, fixed={"site": {"test": ("north", "east")}}, validation=0.3)
    found = {name: set(table["kind"]) for name, table in rows.items()}
    assert found["test"] == {"a1", "a2"}
    assert not found["train"] & found["validation"]
    assert found["train"] | found["validation"] == {"b1", "b2", "c1", "c2"}


def test_a_class_on_both_sides_of_a_fixed_split_is_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"'a1' in train and test|'a1' in validation and test"):
        dealt(tmp_path, apart=True, fixed={"site": {"test": ("north",)}}, by="site")


def test_a_group_on_both_sides_of_a_fixed_split_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"groups of data\.split\.by cross the test split"):
        dealt(tmp_path, fixed={"site": {"test": ("north",)}}, by="kind")


def test_a_value_that_no_row_has_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(DataError, match="did you mean 'north'"):
        dealt(tmp_path, fixed={"site": {"test": ("norht",)}})


def test_a_source_with_splits_of_its_own_keeps_them(tmp_path):
    config = DataConfig(source="builtin:adult", split=SplitConfig(fixed={"sex": {"test": ("Female",)}}))
    with pytest.raises(DataError, match="the source fixes its splits itself"):
        ingest(config, out=tmp_path / "out")


@pytest.mark.parametrize(
    "fixed",
    [
        {"site": {"test": ("north",)}, "kind": {"test": ("a1",)}},
        {"site": {}},
        {"site": {"test": ("north",), "train": ("north",)}},
    ],
)
def test_more_columns_than_one_nothing_listed_or_a_value_twice_is_refused(fixed):
    with pytest.raises(SpecError, match=r"data\.split\.fixed can't be kept"):
        SplitConfig(fixed=fixed)


@given_examples(st.lists(st.sampled_from("abcdef"), min_size=6), st.permutations("abcdef"), st.integers(0, 6))
def test_codes_follow_the_lists_and_nothing_else(values, order, cut):
    rows = np.array([*values, *"abcdef"])
    listed = {"test": order[:cut], "validation": order[cut:5]}
    codes = given(rows, listed, "column")
    for row, code in zip(rows.tolist(), codes.tolist(), strict=True):
        assert code == next((NAMES.index(name) for name, them in listed.items() if row in them), UNSET)


@given_examples(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=12))
def test_crossing_is_found_exactly_where_a_class_has_two_splits(pairs):
    classes, codes = (np.array(part) for part in zip(*pairs, strict=True))
    crosses = len(set(pairs)) > len({one for one, _ in pairs})
    if crosses:
        with pytest.raises(DataError, match="classes cross splits"):
            check_apart(classes, codes, "abcde")
    else:
        check_apart(classes, codes, "abcde")
