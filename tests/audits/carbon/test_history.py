"""Energy over versions, each artifact once."""

import pytest
from assay.audits.carbon.history import Made, history
from hypothesis import given
from hypothesis import strategies as st


def reading(kwh):
    return {"value": kwh, "low": kwh / 2, "high": 2 * kwh}


def test_an_artifact_that_two_versions_share_counts_for_the_first():
    lines = history(
        [
            Made(version=1, readings={"data": reading(1.0), "model": reading(4.0)}),
            Made(version=2, readings={"data": reading(1.0), "other": reading(3.0)}),
        ]
    )
    assert [line["artifacts"] for line in lines] == [2, 1]
    assert [line["kwh"]["value"] for line in lines] == [5.0, 3.0]
    assert (lines[0]["kwh"]["low"], lines[0]["kwh"]["high"]) == (2.5, 10.0)


def test_a_version_with_an_unread_artifact_has_no_energy():
    (line,) = history([Made(version=1, readings={"data": reading(1.0), "model": None})])
    assert line == {"version": 1, "artifacts": 2}


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.floats(min_value=0, max_value=9), min_size=1),
        min_size=1,
    )
)
def test_the_lines_add_up_to_the_artifacts(versions):
    known = {key: kwh for made in reversed(versions) for key, kwh in made.items()}
    lines = history(
        [
            Made(version=number, readings={key: reading(known[key]) for key in made})
            for number, made in enumerate(versions, start=1)
        ]
    )
    assert sum(line["artifacts"] for line in lines) == len(known)
    whole = sum(line["kwh"]["value"] for line in lines if "kwh" in line)
    assert whole == pytest.approx(sum(known.values()))
