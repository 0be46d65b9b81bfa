import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from assay.platform.data.dataset import Dataset
from assay.platform.data.preprocess import Preprocessor
from assay.platform.exceptions import DataError


@pytest.fixture(scope="module")
def fitted(hostile: Dataset) -> Preprocessor:
    return Preprocessor.fit(hostile.table("train"), hostile.schema)


def test_the_features_are_numbers_date_parts_gaps_and_categories(fitted: Preprocessor):
    inputs = fitted.inputs()
    assert inputs["numeric"] == [
        " Annual Income ",
        " Annual Income  (missing)",
        "Hired On (day)",
        "Hired On (month)",
        "Hired On (weekday)",
        "Hired On (missing)",
    ]
    assert inputs["categorical"] == ["Favourite colour"]
    assert inputs["cardinalities"] == [5]
    assert [len(edges) > 1 for edges in inputs["bins"]] == [True] * 6
    assert inputs["columns"] == [" Annual Income "] * 2 + ["Hired On"] * 4 + ["Favourite colour"]


def test_date_parts_are_those_of_pandas(hostile: Dataset, fitted: Preprocessor):
    table = hostile.table("train")
    days = pd.to_datetime(table["Hired On"].to_pandas())
    raw, _ = fitted.raw(table)
    since = (days - pd.Timestamp("1970-01-01")).dt.days
    for position, part in ((2, since), (3, days.dt.month), (4, days.dt.day_of_week)):
        np.testing.assert_array_equal(raw[:, position], part.to_numpy(dtype=float, na_value=np.nan))
    np.testing.assert_array_equal(raw[:, 5], days.isna())


def test_the_round_trip_through_json_is_exact(hostile: Dataset, fitted: Preprocessor):
    again = Preprocessor.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    for one, other in zip(
        fitted.transform(hostile.table("validation")),
        again.transform(hostile.table("validation")),
        strict=True,
    ):
        assert one.tobytes() == other.tobytes()


def test_rows_are_transformed_one_by_one_as_all_at_once(hostile: Dataset, fitted: Preprocessor):
    table = hostile.table("validation")
    numeric, codes = fitted.transform(table)
    for row in (0, 7, len(table) - 1):
        one, other = fitted.transform(table.slice(row, 1))
        assert (one[0] == numeric[row]).all()
        assert (other[0] == codes[row]).all()


def test_raw_text_gives_the_same_features_as_typed_columns(
    hostile: Dataset, fitted: Preprocessor, hostile_frame
):
    table = hostile.table("validation")
    rows = hostile_frame.loc[table["__row__"].to_pylist()].astype(object)
    text = pa.table({name: [None if pd.isna(v) else f" {v}" for v in rows[name]] for name in rows.columns})
    for typed, raw in zip(fitted.transform(table), fitted.transform(text), strict=True):
        assert (typed == raw).all()


def test_a_column_that_is_absent_is_named_and_one_with_another_case_is_found(
    hostile: Dataset, fitted: Preprocessor
):
    table = hostile.table("validation")
    with pytest.raises(DataError, match="'Hired On'"):
        fitted.transform(table.drop_columns(["Hired On"]))
    renamed = table.rename_columns([name.strip().upper() for name in table.column_names])
    assert (fitted.transform(renamed)[0] == fitted.transform(table)[0]).all()


def test_unknown_and_missing_categories_have_their_own_codes(fitted: Preprocessor):
    table = pa.table(
        {
            " Annual Income ": [1.0, None, 1e12],
            "Hired On": [None] * 3,
            "Favourite colour": ["mauve", "?", "red"],
        }
    )
    numeric, codes = fitted.transform(table)
    assert codes[:, 0].tolist() == [1, 0, 4]
    assert np.isfinite(numeric).all()
    assert numeric[:, 5].tolist() == [numeric[0, 5]] * 3


def test_sensitive_columns_are_groups_and_a_numeric_one_is_banded_at_round_ages(
    hostile: Dataset, fitted: Preprocessor
):
    table = hostile.table("train")
    groups = fitted.sensitive(table)
    assert set(groups["Sex"]) == {"f", "m", "missing"}
    edges = hostile.schema.bands["Age (years)"]
    assert all(edge % 5 == 0 for edge in edges)
    ages = table["Age (years)"].to_numpy()
    cut = pd.cut(ages, [-np.inf, *edges, np.inf], right=False).codes
    names = [
        "<" + f"{edges[0]:g}",
        *(f"{a:g} to <{b:g}" for a, b in pairwise(edges)),
        f"≥{edges[-1]:g}",
    ]
    assert groups["Age (years)"].tolist() == [names[code] for code in cut]


def test_targets_are_class_codes_and_a_label_that_is_new_is_named(hostile: Dataset, fitted: Preprocessor):
    table = hostile.table("train")
    names = np.array(hostile.schema.classes)[fitted.targets(table)]
    assert names.tolist() == table["Risk class"].to_pylist()
    with pytest.raises(DataError, match="'enormous'"):
        fitted.targets(pa.table({"Risk class": ["low", "enormous"]}))


def test_images_are_standardised_by_channel():
    from assay.platform.data.pixels import Pixels

    images = np.random.default_rng(0).integers(0, 256, (50, 3, 5, 4), dtype=np.uint8)
    column = pa.chunked_array(
        [pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), 60) for part in (images[:20], images[20:])]
    )
    pixels = Pixels.fit(column, (3, 5, 4))
    unit = images / 255
    np.testing.assert_allclose(pixels.mean, unit.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(pixels.std, unit.std(axis=(0, 2, 3)), rtol=1e-9)
    expected = (unit - unit.mean((0, 2, 3))[:, None, None]) / unit.std((0, 2, 3))[:, None, None]
    np.testing.assert_allclose(pixels.transform(column), expected, atol=1e-5)
    np.testing.assert_allclose(pixels.transform(column.slice(15, 10)), expected[15:25], atol=1e-5)
    with pytest.raises(DataError, match="don't fit"):
        pixels.transform(pa.chunked_array([pa.FixedSizeListArray.from_arrays(pa.array(images.ravel()), 30)]))
