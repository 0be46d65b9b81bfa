"""What a checkpoint's files declare is read as data, and whatever they hold is survived."""

import json

import pytest
import yaml
from assay.platform.checkpoints.card import declared, unknown
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.lists(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=9), max_size=5
)


def card(tmp_path_factory, text, data=None):
    folder = tmp_path_factory.mktemp("card")
    (folder / "README.md").write_text(text)
    files = {"README.md": folder / "README.md"}
    if data is not None:
        files["data_config.json"] = folder / "data_config.json"
        (folder / "data_config.json").write_text(data)
    return files


@given(datasets=NAMES, licence=NAMES)
def test_names_in_front_matter_are_read_once_each_in_their_order(tmp_path_factory, datasets, licence):
    front = yaml.safe_dump({"datasets": datasets, "license": licence, "tags": ["x"]})
    found = declared(card(tmp_path_factory, f"---\n{front}---\n# Title\n"), {})
    expected = {"datasets": list(dict.fromkeys(datasets)), "license": list(dict.fromkeys(licence))}
    assert found == {key: names for key, names in expected.items() if names}
    assert set(expected) - set(found) == {"datasets", "license"} & {k[1:] for k in unknown(found)}


@given(text=st.text(max_size=200))
def test_any_text_is_survived(tmp_path_factory, text):
    for readme in (text, f"---\n{text}\n---\n"):
        found = declared(card(tmp_path_factory, readme, data=text), {})
        assert all(isinstance(name, str) for names in found.values() for name in names)


def test_aliases_that_would_unfold_are_not_read(tmp_path_factory):
    front = "---\na: &a [x, x]\ndatasets: *a\n---\n"
    assert declared(card(tmp_path_factory, front), {}) == {}


def test_sentence_transformers_name_their_data_beside_the_card(tmp_path_factory):
    data = json.dumps([{"name": "one.gz", "lines": 3}, {"name": "two.gz"}, "odd", {"lines": 2}])
    assert declared(card(tmp_path_factory, "no front", data), {}) == {"datasets": ["one.gz", "two.gz"]}
    named = "---\ndatasets: [s2orc]\n---\n"
    assert declared(card(tmp_path_factory, named, data), {})["datasets"] == ["s2orc"]


@pytest.mark.parametrize(
    ("before", "base"), [("acme/tiny", ["acme/tiny"]), ("/root/x/y", None), ("../up", None), (3, None)]
)
def test_the_model_it_goes_back_to_is_a_repository_and_no_path(tmp_path_factory, before, base):
    found = declared(card(tmp_path_factory, ""), {"_name_or_path": before})
    assert found.get("base_model") == base
