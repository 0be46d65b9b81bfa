import math

import pandas as pd
import pyarrow as pa
import pytest
from assay.platform.data import kinds
from assay.platform.data.values import MISSING, categories, dates, numbers, parse_dates, tidy
from assay.platform.exceptions import DataError
from hypothesis import given
from hypothesis import strategies as st


def column(values: list, type_: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type_)])


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1))
def test_every_float_is_read_back_from_its_text_and_infinite_ones_are_missing(values: list[float]):
    read = numbers(column([repr(value) for value in values]), "x").to_pylist()
    assert read == [value if math.isfinite(value) else None for value in values]


def test_missing_values_are_spelt_as_pandas_spells_them():
    from pandas._libs.parsers import STR_NA_VALUES

    assert set(MISSING) == STR_NA_VALUES | {"?"}
    assert tidy(column([f" {text} " for text in MISSING])).null_count == len(MISSING)


def test_text_among_numbers_is_named_by_row_and_value():
    with pytest.raises(DataError) as caught:
        numbers(column(["1", "two", None, "3 kg", "4"]), "size", rows=column([10, 20, 30, 40, 50]))
    assert caught.value.got == "2 such values: 'two' in row 20, '3 kg' in row 40"


@pytest.mark.parametrize(
    ("texts", "format_"),
    [
        (["2020-02-29", "1969-12-31"], None),
        (["2020-02-29T10:30:00Z", "2021-01-01T00:00:00+02:00"], None),
        (["31.12.2019", "01.02.2020"], "%d.%m.%Y"),
        (["12/31/2019", "01/02/2020"], "%m/%d/%Y"),
        (["31/12/2019", "01/02/2020"], "%d/%m/%Y"),
    ],
)
def test_dates_are_recognised_and_read_as_pandas_reads_them(texts: list[str], format_: str | None):
    kind = kinds.infer("day", column(texts * 3))
    assert (kind.kind, kind.format) == ("date", format_)
    read = dates(column([*texts, "?"]), "day", format_).to_pylist()
    expected = pd.to_datetime(texts, format=format_ or "ISO8601", utc=True).tz_localize(None)
    assert read == [*expected.to_pydatetime(), None]


def test_a_text_that_is_no_date_is_named():
    with pytest.raises(DataError, match="'soon' in row 1"):
        dates(column(["2020-01-01", "soon"]), "day")
    assert parse_dates(column(["soon"]), "%d.%m.%Y").null_count == 1


def test_whole_floats_are_categories_without_a_decimal_point():
    assert categories(column([1.0, None, 3.0])).to_pylist() == ["1", None, "3"]
    assert categories(column([1.5])).to_pylist() == ["1.5"]


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("n", ["1", "2.5", "?"], "numeric"),
        ("zip", ["01234", "98765"] * 20, "categorical"),
        ("row", [str(i) for i in range(100)], "identifier"),
        ("customer_id", [str(i * i) for i in range(100)], "identifier"),
        ("balance", [str(i * i) for i in range(100)], "numeric"),
        ("key", [f"k{i:x}" for i in range(100)], "identifier"),
        ("review", [f"this is the review number {i}" for i in range(100)], "text"),
        ("colour", ["red", "green", None] * 20, "categorical"),
        ("flag", ["yes", "", "yes"], "categorical"),
        ("same", ["yes", "yes"], "constant"),
        ("void", ["", "NA", None], "constant"),
    ],
)
def test_kinds_are_read_from_the_values(name: str, values: list, kind: str):
    found = kinds.infer(name, column(values))
    assert found.kind == kind
    assert found.why


@pytest.mark.parametrize(
    ("values", "type_", "kind"),
    [
        ([True, False, None], pa.bool_(), "categorical"),
        ([1, 2, 2], pa.int8(), "numeric"),
        ([0.5, float("nan"), 2], pa.float32(), "numeric"),
        ([18000, 18001, None], pa.date32(), "date"),
        ([["a"], []], pa.list_(pa.string()), "text"),
        (["a", "b", "a"], pa.dictionary(pa.int8(), pa.string()), "categorical"),
    ],
)
def test_kinds_are_read_from_typed_columns(values: list, type_: pa.DataType, kind: str):
    typed = column(values) if pa.types.is_dictionary(type_) else column(values, type_)
    assert kinds.infer("x", typed.cast(type_)).kind == kind


def test_a_target_whose_values_all_differ_is_no_identifier():
    values = column([str(i) for i in range(100)])
    assert kinds.infer("id", values, is_target=True).kind == "numeric"
