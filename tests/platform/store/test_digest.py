import hashlib
import json

import pytest
from assay.platform.store import canonical_json, digest_of_json, sha256_file, tree_digest
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_canonical_json_reads_back_as_what_was_written(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), JSON, max_size=6), st.randoms())
def test_the_order_of_keys_does_not_matter(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert canonical_json(dict(items)) == canonical_json(value)


def test_canonical_json_has_the_form_of_rfc_8785():
    assert (
        canonical_json({"b": [1, True, None], "a": "é\n", "c": {}})
        == '{"a":"é\\n","b":[1,true,null],"c":{}}'.encode()
    )


def test_tuples_are_written_as_lists():
    assert canonical_json({"a": (1, (2,))}) == canonical_json({"a": [1, [2]]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_lacks_is_refused_with_its_place(value):
    with pytest.raises(ValueError, match="/losses/1"):
        canonical_json({"losses": [0.5, value]})


@pytest.mark.parametrize("value", [{"a": {1: 2}}, {"a": {1, 2}}, {"a": b"x"}])
def test_what_json_lacks_is_refused_with_its_place(value):
    with pytest.raises(TypeError, match="'/a'"):
        canonical_json(value)


@given(st.binary(max_size=200))
def test_a_file_is_hashed_as_hashlib_hashes_its_bytes(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "hashed"
    path.write_bytes(data)
    assert sha256_file(path) == hashlib.sha256(data).hexdigest()


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_digest_changes_with_any_byte(tmp_path_factory, data, draw):
    index = draw.draw(st.integers(0, len(data) - 1))
    other = draw.draw(st.integers(0, 255).filter(lambda byte: byte != data[index]))
    path = tmp_path_factory.getbasetemp() / "changed"
    path.write_bytes(data)
    before = tree_digest({"file": sha256_file(path)})
    path.write_bytes(data[:index] + bytes([other]) + data[index + 1 :])
    assert tree_digest({"file": sha256_file(path)}) != before


@given(st.dictionaries(st.text(min_size=1), st.text("0123456789abcdef", min_size=64, max_size=64)))
def test_a_tree_digest_is_that_of_its_listing(files):
    listing = json.dumps(files, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert tree_digest(files) == hashlib.sha256(listing.encode()).hexdigest() == digest_of_json(files)
