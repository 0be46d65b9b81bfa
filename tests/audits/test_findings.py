import pytest
from assay.audits.findings import Findings, number, pointer


def test_pointers_escape_slashes_and_tildes():
    assert pointer("groups", "a/b", "~x", 3) == "/groups/a~1b/~0x/3"


def test_gathered_findings_keep_their_reasons_under_their_key():
    found = Findings.gather({"a/b": Findings(values={"x": 1}, missing={"/y": "why"}), "c": Findings()})
    assert found.values == {"a/b": {"x": 1}, "c": {}}
    assert found.missing == {"/a~1b/y": "why"}


def test_numbers_are_plain_json_and_count_whole_rows_as_integers():
    found = number(0.5, 0.4, 0.6, 20.0, (0.42, 0.58), between=["a", "b"])
    assert found == {
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "n": 20,
        "one_sided": [0.42, 0.58],
        "between": ["a", "b"],
    }
    assert isinstance(found["n"], int)


def test_a_number_that_is_none_is_our_own_fault():
    with pytest.raises(AssertionError):
        number(float("nan"), 0, 1, 3)
