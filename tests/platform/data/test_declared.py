"""Preprocessing that looks at no row."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from assay.platform.data.builtin import adult_codebook
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.declared import declared_preprocessor
from assay.platform.data.ingest import ingest
from assay.platform.data.preprocess import Preprocessor
from assay.platform.data.schema import Column, Schema
from assay.platform.exceptions import DataError

SCHEMA = Schema(
    modality="tabular",
    task="regression",
    columns=(
        Column(name="size", kind="numeric", role="feature", why="declared"),
        Column(name="colour", kind="categorical", role="feature", why="declared"),
        Column(name="built", kind="date", role="feature", why="declared"),
        Column(name="price", kind="numeric", role="target", why="declared"),
    ),
    target="price",
)
SAID = {
    "numbers": {"size": (0, 10, 100, 1000), "built": (0, 3650)},
    "categories": {"colour": ("red", "blue")},
    "target": (0.0, 12.0),
}
ROOT3 = 3**0.5


def rows(size, colour, built, price) -> pa.Table:
    return pa.table({"size": size, "colour": colour, "built": built, "price": price})


def test_values_are_placed_between_the_declared_edges_and_no_further():
    fitted = declared_preprocessor(SCHEMA, **SAID)
    day = datetime.datetime(1970, 1, 1)
    given = rows(
        [-5.0, 0.0, 10.0, 55.0, 1e9, None], ["red", "blue", "green", None, "red", "red"], [day] * 6, [0.0] * 6
    )
    numbers, codes = fitted.transform(given)
    expected = [-ROOT3, -ROOT3, -ROOT3 / 3, 0.0, ROOT3, 0.0]  # thirds of the way; an empty cell is the middle
    np.testing.assert_allclose(numbers[:, 0], expected, atol=1e-6)
    assert codes[:, 0].tolist() == [3, 2, 1, 0, 3, 3]  # sorted after missing and unknown


def test_dates_give_days_of_the_range_and_the_whole_year_and_week():
    fitted = declared_preprocessor(SCHEMA, **SAID)
    assert [feature.name for feature in fitted.numeric] == [
        "size",
        "built (day)",
        "built (month)",
        "built (weekday)",
    ]
    end = rows([0.0], ["red"], [datetime.datetime(1979, 12, 30)], [6.0])  # 3650 days later: a Sunday
    np.testing.assert_allclose(fitted.transform(end)[0][0, 1:], ROOT3, atol=1e-6)
    np.testing.assert_allclose(fitted.targets(end), 0.0, atol=1e-6)


def test_an_indicator_stands_where_cells_may_be_empty():
    fitted = declared_preprocessor(SCHEMA, **SAID, missing=("size",))
    day = datetime.datetime(1970, 1, 1)
    numbers, _ = fitted.transform(rows([None, 3.0], ["red"] * 2, [day] * 2, [0.0] * 2))
    assert fitted.numeric[1].name == "size (missing)"
    np.testing.assert_allclose(numbers[:, 1], [ROOT3, -ROOT3], atol=1e-6)
    assert Preprocessor.from_json(fitted.to_json()) == fitted


def test_images_need_no_declaration_but_their_shape():
    schema = Schema(modality="image", task="binary", columns=(), target="label", image=(1, 2, 2))
    fitted = declared_preprocessor(schema)
    levels = np.arange(256)
    assert fitted.pixels is not None
    scaled = (levels / 255 - fitted.pixels.mean[0]) / fitted.pixels.std[0]
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1, abs=5e-3)  # 256 levels are not quite uniform


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"numbers": {"size": (0, 1)}}, "nothing of 'built'"),
        ({"numbers": SAID["numbers"] | {"colour": (0, 1)}}, "also 'colour'"),
        ({"categories": {}}, "nothing of 'colour'"),
        ({"missing": ("colour",)}, "also 'colour'"),
        ({"numbers": SAID["numbers"] | {"size": (1, 1)}}, "rising"),
        ({"numbers": SAID["numbers"] | {"size": (0,)}}, "rising"),
        ({"numbers": SAID["numbers"] | {"size": (0, float("nan"))}}, "rising"),
        ({"target": None}, "range of the target"),
    ],
)
def test_what_is_not_declared_is_named(change, word):
    with pytest.raises(DataError, match=word):
        declared_preprocessor(SCHEMA, **SAID | change)


def test_adults_codebook_covers_every_cell_of_adult(tmp_path):
    ingest(DataConfig(source="builtin:adult", use_sensitive=True, sensitive=("sex",)), out=tmp_path)
    data = Dataset.open(tmp_path)
    fitted = declared_preprocessor(
        data.schema, numbers=adult_codebook.NUMBERS, categories=adult_codebook.categories()
    )
    table = data.table("train")
    for feature in fitted.categorical:
        assert (fitted.transform(table)[1] != 1).all(), f"{feature.name} has a category that nobody declared"
    raw = fitted.raw(table)[0]
    for position, feature in enumerate(fitted.numeric):
        assert feature.knots[0] <= raw[:, position].min()
        assert raw[:, position].max() <= feature.knots[-1]
