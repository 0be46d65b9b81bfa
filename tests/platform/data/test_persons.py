"""Whose row each is."""

import numpy as np
import pyarrow as pa
import pytest
from assay.platform.data.persons import person_codes
from assay.platform.exceptions import DataError


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["b", "a", "b", "c"]),
        pa.chunked_array([["b", "a"], ["b", "c"]]),
        pa.array([30, 4, 30, 5]),
        pa.array([2.5, 1.0, 2.5, 7.0]),
        pa.array(["b", "a", "b", "c"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([3, 1, 3, 0]), pa.array(["c", "a", "unused", "b"])),
    ],
    ids=str,
)
def test_rows_with_one_value_are_one_persons_and_codes_have_no_gaps(values):
    codes = person_codes(pa.table({"id": values}), "id")
    assert codes[0] == codes[2]
    assert sorted(set(codes.tolist())) == [0, 1, 2]
    assert np.bincount(codes).tolist().count(2) == 1


@pytest.mark.parametrize("values", [["a", None, "b"], [1.0, float("nan"), 2.0]])
def test_a_row_that_is_nobodys_is_refused(values):
    with pytest.raises(DataError, match="rows that are nobody's") as caught:
        person_codes(pa.table({"patient": values}), "patient")
    assert caught.value.got == "1 of 3 train rows without 'patient'"


def test_a_column_that_is_not_there_is_refused_by_name():
    with pytest.raises(DataError, match=r"privacy\.unit names a column") as caught:
        person_codes(pa.table({"patient": ["a"]}), "person")
    assert "'patient'" in caught.value.mend
