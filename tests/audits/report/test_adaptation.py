"""The section on another domain: both domains and the gain in tables, and what wasn't measured in words."""

import copy
from typing import Any

import jsonschema
import pytest
from assay.audits.report import render_html, render_markdown, schema


def number(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.01, "high": value + 0.02, "n": 900}


@pytest.fixture
def adapted(binary: dict[str, Any]) -> dict[str, Any]:
    """A report of a model that was trained beside another domain."""
    report = copy.deepcopy(binary)
    del report["missing"]["/adaptation"]
    names = ("accuracy", "auroc", "balanced_accuracy", "brier_score")
    report["adaptation"] = {
        "domain": "csv:north.csv",
        "method": "coral",
        "weight": 10.0,
        "options": {},
        "rows": {"joined": 1234, "audited": 567, "unlabelled": 8},
        "source": {"n": 900, "metrics": {name: number(0.9) for name in names}},
        "target": {
            "n": 567,
            "metrics": {name: number(0.715) for name in names},
            "by_class": {"no": {"n": 300, "recall": number(0.31)}},
        },
        "shift": {name: number(-0.185) for name in names},
        "gain": {
            "source": {name: number(-0.02) for name in names},
            "target": {name: number(0.123) for name in names},
        },
    }
    return report


def test_it_keeps_to_the_schema(adapted):
    jsonschema.validate(adapted, schema())


def test_both_domains_and_the_gain_are_on_the_page(adapted, pictures):
    html, text = render_html(adapted, pictures), render_markdown(adapted)
    for page in (html, text):
        for shown in ("1,234 rows of", "csv:north.csv", "567 other rows", "8 more have no label"):
            assert shown in page
        for shown in ("0.900", "0.715", "−0.185", "0.123", "−0.020", "0.310", "Brier score"):
            assert shown in page
        assert "blind to a shift of means" in page
    assert "Another domain" in text


def test_what_was_not_measured_is_said_in_its_place(adapted, pictures):
    for part in ("target", "shift", "gain"):
        del adapted["adaptation"][part]
    adapted["missing"] |= {"/adaptation/target": "No label there.", "/adaptation/gain": "No twin."}
    adapted["missing"]["/adaptation/groups"] = "No groups there."
    jsonschema.validate(adapted, schema())
    page = render_markdown(adapted)
    for reason in ("No label there.", "No twin.", "No groups there."):
        assert reason in page


def test_where_no_other_domain_was_named_the_section_says_so(binary):
    assert "Not asked for: no other domain was named" in render_markdown(binary)
