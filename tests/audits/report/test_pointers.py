"""JSON pointers against the examples of RFC 6901, section 5."""

from assay.audits.findings import pointer
from assay.audits.report.pointers import leaves, resolve, tokens, within
from hypothesis import given
from hypothesis import strategies as st

RFC = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


def test_the_examples_of_the_rfc_resolve():
    assert resolve(RFC, "") == RFC
    assert resolve(RFC, "/foo/0") == "bar"
    expected = {
        "/": 0,
        "/a~1b": 1,
        "/c%d": 2,
        "/e^f": 3,
        "/g|h": 4,
        "/i\\j": 5,
        '/k"l': 6,
        "/ ": 7,
        "/m~0n": 8,
    }
    assert {place: resolve(RFC, place) for place in expected} == expected


def test_what_is_not_there_gives_the_default():
    assert resolve(RFC, "/foo/9", "none") == "none"
    assert resolve(RFC, "/foo/bar", "none") == "none"
    assert resolve(RFC, "/a~1b/c", "none") == "none"


@given(st.lists(st.text(max_size=8), max_size=5))
def test_tokens_undo_a_pointer(keys: list[str]):
    assert tokens(pointer(*keys)) == keys


def test_leaves_name_every_value_once():
    assert dict(leaves({"a": [1, {}], "b/c": {"d": None}})) == {"/a/0": 1, "/a/1": {}, "/b~1c/d": None}


def test_a_place_is_within_itself_and_its_parents_but_not_within_a_namesake():
    assert within("/a/b", "/a")
    assert within("/a", "/a")
    assert not within("/ab", "/a")
