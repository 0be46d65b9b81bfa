"""Every row is in one bin of every column, and bins are called what they hold."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.config import SlicesConfig
from assay.audits.slices import Columns
from assay.platform.data.schema import Column, Schema
from assay.platform.exceptions import DataError
from hypothesis import given, settings
from hypothesis import strategies as st


def schema(**kinds: str) -> Schema:
    columns = tuple(
        Column(name=name, kind=kind.split()[0], role=kind.split()[1], why="") for name, kind in kinds.items()
    )
    return Schema(modality="tabular", task="binary", columns=columns, target="y", classes=("0", "1"))


TABLE = pa.table(
    {
        "gain": [0.0] * 60 + list(np.arange(1.0, 41.0)),
        "town": [f"t{i % 30}" for i in range(99)] + [None],
        "sex": ["f", "m"] * 50,
        "note": ["words"] * 100,
        "seen": ["no"] * 100,
        "y": ["0", "1"] * 50,
    }
)
SCHEMA = schema(
    gain="numeric feature", town="categorical feature", sex="categorical sensitive", note="text ignored",
    seen="constant ignored", y="categorical target",
)  # fmt: skip


def test_special_values_common_categories_and_sensitive_groups_have_bins_and_the_target_has_none():
    found = Columns.read(TABLE, SCHEMA, SlicesConfig(bins=4, common=3))
    assert found.names == ("sex", "gain", "town", "note (words)")
    assert found.labels[0] == ("f", "m")
    assert found.labels[1] == ("= 0", "<20", "≥20")
    assert len(found.labels[2]) == 4
    assert found.labels[2][-1] == "any of 28 others"
    assert set(found.left_out) == {"seen"}


def test_of_a_text_the_number_of_its_words_has_bins():
    said = ["", None, "one", "one  two", *(" ".join("abcdefghij"[:n]) for n in range(1, 9)), "a b c"]
    table = pa.table({"note": said, "y": ["0"] * len(said)})
    found = Columns.read(table, schema(note="text feature", y="categorical target"), SlicesConfig(bins=3))
    labels = [found.labels[0][code] for code in found.codes[:, 0]]
    assert labels[:2] == ["missing", "missing"]
    assert labels[3] == labels[5]  # two words, whatever stands between them
    assert labels[4] == "= 1"
    assert labels[10:] == ["≥6", "≥6", "= 3"]


def test_columns_that_are_asked_for_are_taken_alone_and_unknown_ones_refused():
    assert Columns.read(TABLE, SCHEMA, SlicesConfig(columns=("gain",))).names == ("gain",)
    with pytest.raises(DataError, match="gian"):
        Columns.read(TABLE, SCHEMA, SlicesConfig(columns=("gian",)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0]) | st.none(), min_size=1, max_size=80),
    st.integers(2, 6),
)
def test_bins_are_ordered_and_each_has_its_own_rows(values: list, bins: int):
    table = pa.table({"x": pa.array(values, pa.float64()), "y": ["0"] * len(values)})
    found = Columns.read(table, schema(x="numeric feature", y="categorical target"), SlicesConfig(bins=bins))
    codes, labels = found.codes[:, 0], found.labels[0]
    assert set(codes) == set(range(len(labels)))
    for value, code in zip(values, codes, strict=True):
        label = labels[code]
        if value is None:
            assert label == "missing"
        elif label.startswith("="):
            assert value == pytest.approx(float(label[1:]), rel=1e-5)
    ranged = [(v, c) for v, c in zip(values, codes, strict=True) if v is not None and labels[c][0] != "="]
    ordered = [c for _, c in sorted(ranged)]
    assert ordered == sorted(ordered)


def test_what_is_written_is_read(tmp_path: Path):
    for config in (SlicesConfig(), SlicesConfig(columns=("note",))):
        one = Columns.read(TABLE, SCHEMA, config)
        one.to_parquet(tmp_path / "columns.parquet")
        two = Columns.from_parquet(tmp_path / "columns.parquet")
        assert (one.names, one.labels, dict(one.left_out)) == (two.names, two.labels, dict(two.left_out))
        assert (one.codes == two.codes).all()
        assert one.codes.shape == two.codes.shape
