import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from assay.platform.data import bands
from assay.platform.data.dataset import Dataset
from assay.platform.data.duplicates import near_rows, shared_rows
from assay.platform.data.proxies import correlation_ratio, cramers_v
from assay.platform.exceptions import DataError
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import contingency, f_oneway


def frames(dataset: Dataset) -> dict[str, pd.DataFrame]:
    tables = {
        "train": dataset.table("train"),
        "validation": dataset.table("validation"),
        "test": dataset.test_table(),
    }
    return {name: table.to_pandas() for name, table in tables.items()}


def test_adult_shares_the_recorded_rows_across_its_official_split(adult: Dataset):
    found = adult.datasheet["duplicates"]
    assert (found["exact"]["test_rows"], found["exact"]["excess"]) == (23, 0)
    assert (found["modelled"]["test_rows"], found["modelled"]["excess"]) == (2586, 0)
    assert round(found["modelled"]["test_share"], 2) == 0.16


def test_train_rows_copied_into_test_are_an_excess(adult: Dataset):
    tables = {
        "train": adult.table("train"),
        "validation": adult.table("validation"),
        "test": adult.test_table(),
    }
    tables["test"] = pa.concat_tables([tables["test"], tables["train"].slice(0, 100)])
    columns = [name for name in tables["train"].column_names if name != "__row__"]
    assert shared_rows(tables, columns)["test_rows"] == 123


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 3) | st.none()), min_size=3, max_size=60
    ),
    st.data(),
)
def test_shared_rows_are_those_that_a_set_of_tuples_finds(rows: list, data: st.DataObject):
    first = data.draw(st.integers(1, len(rows) - 2))
    second = data.draw(st.integers(first + 1, len(rows) - 1))
    parts = {"train": rows[:first], "validation": rows[first:second], "test": rows[second:]}
    schema = pa.schema([("x", pa.string()), ("y", pa.int64())])
    tables = {k: pa.table([[r[0] for r in v], [r[1] for r in v]], schema=schema) for k, v in parts.items()}
    found = shared_rows(tables, ["x", "y"])
    seen = set(parts["train"]) | set(parts["validation"])
    assert found["test_rows"] == sum(row in seen for row in parts["test"])
    assert found["validation_rows"] == sum(row in set(parts["train"]) for row in parts["validation"])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.integers(0, 3) | st.none(), st.sampled_from([1.234, 1.2401, 5e6])
        ),
        min_size=6,
        max_size=40,
    )
)
def test_near_rows_are_those_that_comparing_all_pairs_finds(rows: list):
    third = len(rows) // 3
    parts = {"train": rows[:third], "validation": rows[third : 2 * third], "test": rows[2 * third :]}
    schema = pa.schema([("x", pa.string()), ("y", pa.int64()), ("z", pa.float64())])
    tables = {
        name: pa.table([[row[i] for row in held] for i in range(3)], schema=schema)
        for name, held in parts.items()
    }

    def differing(one: tuple, other: tuple) -> int:
        return sum(a != b for a, b in zip(one, other, strict=True))

    def coarse(row: tuple) -> tuple:
        return row[0], row[1], float(f"{row[2]:.1e}")

    def twins(row: tuple, others: list) -> tuple[bool, bool]:
        return any(differing(row, o) <= 1 for o in others), any(coarse(row) == coarse(o) for o in others)

    tested = [twins(row, parts["train"] + parts["validation"]) for row in parts["test"]]
    trained = [
        twins(row, parts["train"][:i] + parts["train"][i + 1 :]) for i, row in enumerate(parts["train"])
    ]
    found = near_rows(tables, ["x", "y", "z"])
    for place, kind in enumerate(("all_but_one", "rounded")):
        assert found[kind]["rows"] == sum(pair[place] for pair in tested)
        assert found[kind]["within_train"] == pytest.approx(np.mean([pair[place] for pair in trained]))


def test_equal_images_are_found():
    images = np.random.default_rng(0).integers(0, 256, (30, 64), dtype=np.uint8)
    images[25] = images[3]
    images[26] = images[3]
    images[26, 40] ^= 1
    column = pa.FixedSizeListArray.from_arrays(pa.array(images.ravel()), 64)
    table = pa.table({"image": column})
    tables = {"train": table.slice(0, 10), "validation": table.slice(10, 10), "test": table.slice(20)}
    assert shared_rows(tables, ["image"])["test_rows"] == 1


@pytest.mark.parametrize("name", ["adult", "hostile"])
def test_counts_are_those_of_pandas(name: str, request: pytest.FixtureRequest):
    dataset: Dataset = request.getfixturevalue(name)
    sheet, schema = dataset.datasheet, dataset.schema
    for split, frame in frames(dataset).items():
        assert sheet["splits"][split] == len(frame)
        labels = frame[schema.target].value_counts()
        assert {k: v["n"] for k, v in sheet["labels"][split].items()} == labels.to_dict()
        for attribute in set(schema.sensitive) - set(schema.bands):
            groups = frame[attribute].fillna("missing")
            assert {
                k: v["n"] for k, v in sheet["groups"][attribute][split].items()
            } == groups.value_counts().to_dict()
            for group, found in sheet["group_labels"][attribute][split].items():
                share = (frame[schema.target][groups == group]).value_counts(normalize=True)
                assert {k: v["share"] for k, v in found.items() if v["n"]} == pytest.approx(share.to_dict())
    together = pd.concat(frames(dataset).values())
    for column in sheet["columns"]:
        assert column["missing"] == together[column["name"]].isna().sum()


def test_the_spellings_of_missing_values_are_counted(adult: Dataset):
    columns = {column["name"]: column for column in adult.datasheet["columns"]}
    assert columns["workclass"]["spelt"] == {"?": 2799}
    assert "spelt" not in columns["age"]


def test_relationship_gives_sex_away_in_adult(adult: Dataset):
    sex = adult.datasheet["proxies"]["sex"]
    assert sex["auroc"] > 0.9
    assert sex["columns"][0]["column"] == "relationship"
    assert adult.datasheet["proxies"]["race"]["auroc"] < 0.8
    assert all("Retiring Adult" not in harm or "2021" in harm for harm in adult.datasheet["harms"])
    assert adult.datasheet["harms"]


def test_a_column_without_relation_to_a_group_is_no_proxy(hostile: Dataset):
    assert abs(hostile.datasheet["proxies"]["Sex"]["auroc"] - 0.5) < 0.12


def test_the_correlation_ratio_is_that_of_the_analysis_of_variance():
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "c"], 300)
    values = rng.normal(size=300) + (group == "b")
    f = f_oneway(*(values[group == name] for name in "abc")).statistic
    assert correlation_ratio(values, group) ** 2 == pytest.approx(2 * f / (2 * f + 297))
    assert correlation_ratio(np.full(300, np.nan), group) == 0
    assert correlation_ratio((group == "a").astype(float), np.where(group == "a", "x", "y")) == pytest.approx(
        1
    )


def test_cramers_v_is_that_of_scipy_but_for_the_bias():
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "c"], 50_000)
    codes = np.where(
        rng.random(50_000) < 0.5, rng.integers(0, 4, 50_000), np.searchsorted(["a", "b", "c"], group)
    )
    table = contingency.crosstab(codes, group).count
    assert cramers_v(codes, group) == pytest.approx(contingency.association(table), abs=1e-3)
    assert cramers_v(rng.integers(0, 50, 200), rng.choice(["a", "b"], 200)) < 0.2
    assert cramers_v(np.zeros(10, dtype=int), np.array(["a", "b"] * 5)) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e5, 1e5) | st.integers(0, 5).map(float), min_size=1, max_size=200))
def test_every_row_is_in_the_band_that_its_name_says(values: list[float]):
    column = pa.chunked_array([pa.array([*values, None])])
    cuts = bands.edges(column, "x")
    groups = bands.groups(column, "numeric", "x", cuts)
    assert groups[-1] == "missing"
    if not cuts:
        assert len(set(groups[:-1])) == len(set(values))
        return
    names = bands.labels(cuts)
    assert groups[:-1].tolist() == [names[sum(value >= cut for cut in cuts)] for value in values]
    assert set(groups[:-1]) == set(names) or len(set(groups[:-1])) >= 2


def test_bands_of_ages_end_on_fives_and_hold_comparable_shares():
    ages = pa.chunked_array([np.random.default_rng(0).integers(18, 80, 5000)])
    cuts = bands.edges(ages, "age")
    assert all(cut % 5 == 0 for cut in cuts)
    share = np.unique(bands.groups(ages, "numeric", "age", cuts), return_counts=True)[1] / 5000
    assert share.min() > 0.1
    assert share.max() < 0.3


def test_bands_of_dates_are_years():
    births = pa.chunked_array(
        [pd.to_datetime(["1950-05-01", "1990-01-01", None]).to_numpy(dtype="datetime64[us]")]
    )
    assert bands.groups(births, "date", "born", (1960.0,)).tolist() == ["<1960", "≥1960", "missing"]


def test_a_sensitive_column_with_a_group_a_row_is_refused():
    with pytest.raises(DataError, match="too many groups"):
        bands.check_groups(5000, "name")
