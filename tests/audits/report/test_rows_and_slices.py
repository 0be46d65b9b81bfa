"""What the page says of slices and of the rows: findings with numbers, absences with their reach."""

import copy
from typing import Any

import pytest
from assay.audits.report import render_html, render_markdown
from assay.audits.report.sections.row_audit import row_faults


def test_a_slice_is_said_with_its_columns_numbers_and_family_wise_p(binary: dict[str, Any]):
    said = render_markdown(binary)
    row = next(line for line in said.splitlines() if line.startswith("|") and "Married" in line)
    for part in ("marital-status", "28 to <37", "= 0", "1,226", "0.331", "0.113", "0.218", "0.015"):
        assert part in row.replace("\\", "").replace("&lt;", "<"), part


def test_where_no_slice_was_found_the_page_says_what_could_have_been(binary: dict[str, Any]):
    said = render_markdown(binary)
    assert "None found among 2,889 slices" in said
    assert "0.22 in 82 rows" in said
    assert "Not searched: notes (free text has no bins)" in said


def test_where_the_search_was_not_made_its_section_says_why(make: Any):
    assert "Not measured in this run" in render_markdown(make("bare")).partition("Worst subgroups")[2][:200]


@pytest.mark.parametrize(
    ("metric", "value", "word"),
    [
        ("label_leak", 0.97, "capital-gain"),
        ("copied_rows", 0.05, "5.0% of the test rows"),
        ("crossing_rows", 0.01, "person_id"),
    ],
)
def test_a_fault_of_the_rows_is_a_notice_on_the_first_screen(
    binary: dict[str, Any], metric: str, value: float, word: str
):
    spoilt = copy.deepcopy(binary)
    number = {"value": value, "low": value, "high": value, "n": 9, "one_sided": [value, value]}
    spoilt["data"]["metrics"] = {metric: number}
    spoilt["data"]["audit"]["absent_groups"] = {}
    (line,) = row_faults(spoilt)
    assert word in str(line)
    assert render_html(spoilt, {}).index("<main") < render_html(spoilt, {}).index(word)


def test_a_group_without_test_rows_is_a_notice_and_honest_rows_have_none(binary: dict[str, Any]):
    binary["data"]["metrics"] = {}
    (line,) = row_faults(binary)
    assert "Other" in str(line)
    binary["data"]["audit"]["absent_groups"] = {}
    assert row_faults(binary) == []


def test_shares_are_shown_beside_the_declared_ones_and_metrics_beside_those_of_the_population(
    binary: dict[str, Any],
):
    said = render_markdown(binary)
    assert "Share over declared" in said
    assert "Performance in the declared population" in said
    assert "In an honest split the two shares are alike" in said
