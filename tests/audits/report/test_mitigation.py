"""The section on mitigation: the choice in words, every candidate in the table, clocks that don't count."""

import copy
from typing import Any

import jsonschema
import pytest
from assay.audits.report import identity, render_html, render_markdown, schema
from assay.audits.report.identity import volatile_pointers


def number(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.01, "high": value + 0.02, "n": 9000}


def candidate(name: str, accuracy: float, gap: float, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        **more,
        "validation": {"accuracy": accuracy, "gap": gap},
        "test": {"accuracy": number(accuracy), "gaps": {"average_odds_difference": number(gap)}},
        "seconds": 1.5,
    }


@pytest.fixture
def mitigated(binary: dict[str, Any]) -> dict[str, Any]:
    """A report with a mitigation."""
    report = copy.deepcopy(binary)
    report["missing"].pop("/mitigation", None)
    report["mitigation"] = {
        "method": "threshold",
        "over": ["sex"],
        "constraint": "average_odds",
        "metric": "average_odds_difference",
        "limit": 0.02,
        "chosen": "threshold-1",
        "chosen_on": "validation",
        "candidates": [
            candidate("none", 0.86, 0.15),
            candidate("threshold-1", 0.845, 0.0125, parameter=0.0),
            candidate("threshold-2", 0.855, 0.05, parameter=0.04),
        ],
        "cost": {"single_fit_seconds": 2.0, "total_seconds": 4.5, "ratio": 2.25},
    }
    report["volatile"] = volatile_pointers(report)
    return report


def test_it_keeps_to_the_schema(mitigated):
    jsonschema.validate(mitigated, schema())


def test_every_candidate_and_the_choice_are_on_the_page(mitigated, pictures):
    html, text = render_html(mitigated, pictures), render_markdown(mitigated)
    for page in (html, text):
        assert "1 (chosen)" in page
        assert "at most 0.020 it is the most accurate" in page
        assert "Every prediction needs the sensitive columns" in page
    assert "<polygon" in html
    assert "| 0, as trained |" in text


def test_a_limit_that_nobody_kept_is_said(mitigated):
    mitigated["mitigation"]["limit"] = 0.001
    assert "no candidate's gap on validation rows is at most 0.001" in render_markdown(mitigated)


def test_a_gap_that_could_not_be_measured_has_its_reason_in_the_table(mitigated, pictures):
    for one in mitigated["mitigation"]["candidates"]:
        one["test"]["gaps"] = {}
    mitigated["missing"]["/mitigation/candidates/0/test/gaps/average_odds_difference"] = "too few rows there"
    assert "too few rows there" in render_html(mitigated, pictures)


def test_clocks_are_no_part_of_the_identity(mitigated):
    slower = copy.deepcopy(mitigated)
    slower["mitigation"]["cost"]["total_seconds"] = 99.0
    slower["mitigation"]["candidates"][1]["seconds"] = 99.0
    assert identity(slower) == identity(mitigated)
    slower["mitigation"]["candidates"][1]["test"]["accuracy"]["value"] = 0.9
    assert identity(slower) != identity(mitigated)


def test_without_a_mitigation_the_section_says_so(binary):
    assert "Not asked for: the model is used as it was trained." in render_markdown(binary)
