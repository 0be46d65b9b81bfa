"""The shapes that networks are built from."""

import pytest
from assay.models.inputs import ImageInput, TabularInput, TextInput, inputs_from_dict


def test_a_tabular_description_becomes_a_tabular_input():
    description = {
        "kind": "tabular",
        "numeric": ["age"],
        "categorical": ["job", "city"],
        "cardinalities": [3, 5],
        "bins": [[0, 1, 2]],
        "columns": ["age", "job", "city"],
    }
    expected = TabularInput(numeric=1, cardinalities=(3, 5), bins=((0.0, 1.0, 2.0),))
    assert inputs_from_dict(description) == expected
    assert expected.features == 3


def test_an_image_description_becomes_an_image_input():
    description = {"kind": "image", "channels": 1, "height": 8, "width": 9}
    assert inputs_from_dict(description) == ImageInput(channels=1, height=8, width=9)


def test_a_description_of_texts_becomes_a_text_input():
    description = {"kind": "text", "vocabulary": 50, "length": 12, "columns": ["said"]}
    assert inputs_from_dict(description) == TextInput(vocabulary=50, length=12)


@pytest.mark.parametrize("arguments", [{"vocabulary": 6, "length": 12}, {"vocabulary": 50, "length": 1}])
def test_texts_without_words_or_room_are_refused(arguments):
    with pytest.raises(ValueError, match="expected more than 6 codes and a length of at least 2"):
        TextInput(**arguments)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="got 'sound', expected 'tabular', 'image' or 'text'"):
        inputs_from_dict({"kind": "sound"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"numeric": 0, "cardinalities": ()}, "at least one feature"),
        ({"numeric": 2, "cardinalities": (), "bins": ((0.0, 1.0),)}, "got bins for 1 columns, expected 2"),
        ({"numeric": 1, "cardinalities": (), "bins": ((0.0, 0.0),)}, "ascending edges"),
        ({"numeric": 1, "cardinalities": (), "bins": ((0.0,),)}, "two or more"),
        ({"numeric": 0, "cardinalities": (0,)}, "at least 1"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TabularInput(**arguments)


def test_an_image_of_three_pixels_is_refused():
    with pytest.raises(ValueError, match="at least 4 pixels"):
        ImageInput(channels=1, height=3, width=8)
