"""Rows are known again in other files, and by nobody without the key."""

import datetime
import hmac

import numpy as np
import pyarrow as pa
import pytest
from assay.platform.exceptions import DataError
from assay.platform.privacy.ledger import row_digests as module
from assay.platform.privacy.ledger.row_digests import row_digests

KEY = b"k" * 32


@pytest.fixture
def people() -> pa.Table:
    draw = np.random.default_rng(0)
    return pa.table(
        {
            "age": draw.integers(18, 80, 300),
            "wage": draw.normal(3000, 500, 300),
            "job": draw.choice(["clerk", "smith", None], 300),
            "born": [datetime.date(1950, 1, 1) + datetime.timedelta(days=int(d)) for d in range(300)],
        }
    )


def digests(table: pa.Table, key: bytes = KEY) -> set[int]:
    return set(row_digests(table, table.column_names, key).tolist())


def test_one_digest_a_distinct_row_sorted(people):
    twice = pa.concat_tables([people, people])
    found = row_digests(twice, people.column_names, KEY)
    assert found.dtype == np.uint64
    assert len(found) == 300
    assert (np.diff(found.astype(object)) > 0).all()


def test_a_digest_is_the_hmac_that_the_page_describes():
    table = pa.table({"b": ["x"], "a": [5]})
    cells = b"".join(hmac.digest(KEY, part, "sha256")[:16] for part in (b"a\x005.0", b"b\x00x"))
    expected = int.from_bytes(hmac.digest(KEY, cells, "sha256")[:8], "little")
    assert digests(table) == {expected}


def test_the_order_of_rows_and_columns_changes_nothing(people):
    mixed = people.take(np.random.default_rng(1).permutation(300)).select(["born", "job", "age", "wage"])
    assert digests(mixed) == digests(people)


def test_subsets_and_extensions_share_exactly_their_rows(people):
    more = people.set_column(1, "wage", pa.array(people["wage"].to_numpy() + 1.0))
    assert digests(people.slice(50, 20)) < digests(people)
    assert digests(pa.concat_tables([people, more])) == digests(people) | digests(more)
    assert not digests(more) & digests(people)


def test_a_value_is_the_same_whatever_the_rest_of_its_column_made_of_it(people):
    as_floats = people.set_column(0, "age", people["age"].cast(pa.float64()))
    as_text = people.set_column(0, "age", people["age"].cast(pa.string()))
    as_times = people.set_column(3, "born", people["born"].cast(pa.timestamp("s")))
    as_codes = people.set_column(2, "job", people["job"].dictionary_encode())
    for other in (as_floats, as_text, as_times, as_codes):
        assert digests(other) == digests(people)


def test_missing_values_are_a_value(people):
    empty = pa.table({"x": pa.array([None, float("nan")], pa.float64())})
    assert digests(empty) == digests(pa.table({"x": pa.array([None], pa.string())}))
    assert digests(empty) != digests(pa.table({"x": [0.0]}))
    assert digests(pa.table({"x": [0.0]})) == digests(pa.table({"x": [-0.0]}))


def test_cells_do_not_run_into_one_another():
    assert not digests(pa.table({"a": ["x"], "b": ["yz"]})) & digests(pa.table({"a": ["xy"], "b": ["z"]}))
    assert not digests(pa.table({"a": ["x"]})) & digests(pa.table({"b": ["x"]}))


def test_without_the_key_nothing_fits(people):
    assert not digests(people, b"o" * 32) & digests(people)


def test_pictures_are_rows_too():
    pixels = np.random.default_rng(0).integers(0, 255, (10, 64), dtype=np.uint8)
    images = pa.FixedSizeListArray.from_arrays(pa.array(pixels.reshape(-1)), 64)
    table = pa.table({"image": images, "label": ["a", "b"] * 5})
    assert len(digests(table)) == 10
    assert digests(table.slice(3, 4)) < digests(table)


def test_lists_with_holes_are_rows_too():
    table = pa.table({"tags": [["a", "b"], None, [], ["a"]]})
    assert len(digests(table)) == 4
    assert digests(table.slice(1, 2)) < digests(table)


def test_truth_is_the_same_however_it_is_written():
    truth = digests(pa.table({"x": [True, False]}))
    assert truth == digests(pa.table({"x": ["true", "false"]})) == digests(pa.table({"x": ["TRUE", "False"]}))


def test_a_persons_rows_are_one_unit(people):
    found = row_digests(people, ["job"], KEY)
    assert len(found) == 3


def test_batches_change_nothing(people, monkeypatch):
    whole = digests(people)
    monkeypatch.setattr(module, "ROWS_AT_A_TIME", 7)
    assert digests(people) == whole


def test_no_rows_have_no_digests(people):
    assert len(row_digests(people.slice(0, 0), people.column_names, KEY)) == 0


@pytest.mark.parametrize("columns", [[], ["age", "height"]])
def test_columns_that_are_not_there_are_named(people, columns):
    with pytest.raises(DataError, match="can't be digested"):
        row_digests(people, columns, KEY)


def test_a_row_edited_in_one_cell_is_another(people):
    edited = people.slice(0, 1).to_pylist()[0] | {"wage": 1.0}
    assert not digests(pa.Table.from_pylist([edited], schema=people.schema)) & digests(people)
