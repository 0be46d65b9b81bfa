"""The few sentences above the tables: said only of what is beyond chance, in the report's own numbers."""

import copy
from typing import Any

from assay.audits.report import render_html, render_markdown
from assay.audits.report.standouts import standouts


def sentences(report: dict[str, Any]) -> list[str]:
    """Standouts as plain text."""
    return ["".join(getattr(part, "text", part) for part in line) for line in standouts(report)]


def number(value: float, low: float, high: float) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": 900}


def robust(covered: dict[str, Any], worst: dict[str, Any]) -> dict[str, Any]:
    return {
        "conformal": {"promised": 0.9},
        "groups": {"sex": {"Male": {"n": 900, "metrics": {"conformal_coverage": covered}}}},
        "families": {
            "column_shift": {
                "measure": "accuracy",
                "clean": number(0.87, 0.85, 0.89),
                "worst": worst,
                "worst_change": {"kind": "shift", "level": 1.0, "on": "age"},
            }
        },
    }


def test_the_worst_slice_is_the_one_that_differs_most(binary: dict[str, Any]):
    (slice_, *_) = sentences(binary)
    assert slice_.startswith("Wrong in 33.1% of the 1,226 rows with marital-status: Married")
    assert slice_.endswith(", in 11.3% elsewhere.")


def test_a_group_that_sets_fail_and_a_change_that_hurts_are_said(binary: dict[str, Any]):
    report = binary | {"robustness": robust(number(0.87, 0.86, 0.88), number(0.5, 0.47, 0.53))}
    _, coverage, change = sentences(report)
    assert "promise 0.900" in coverage
    assert "0.870 (0.860 – 0.880) of the rows with sex Male." in coverage
    assert change.startswith("Accuracy falls from 0.870 to 0.500 (0.470 – 0.530)")
    assert "age: moved by 1" in change


def test_what_may_be_chance_is_not_said(binary: dict[str, Any]):
    report = copy.deepcopy(binary) | {"robustness": robust(number(0.89, 0.87, 0.91), number(0.84, 0.8, 0.88))}
    report["slices"]["statistics"]["error"]["found"] = []
    assert sentences(report) == []


def test_without_any_there_is_no_such_heading(binary: dict[str, Any], make: Any):
    assert "What stands out" in render_html(binary)
    assert "What stands out" in render_markdown(binary)
    assert "What stands out" not in render_html(make("bare")) + render_markdown(make("bare"))


def test_a_report_with_nothing_has_nothing_that_stands_out(make: Any):
    assert sentences(make("bare")) == []
