"""The attack by outputs on the page: a row of its own where it was made, and claims that it refutes."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from assay.audits.report import faults, render_html, render_markdown
from assay.audits.report.privacy_standouts import privacy_lines
from assay.audits.report.sections.privacy_loss import verdict_on

Report = dict[str, Any]
TITLE = "Shown by an attack on its outputs"


@pytest.fixture
def private(make: Callable[[str], Report]) -> Report:
    """A private model with everything that there is to say."""
    return make("private")


def by_outputs(report: Report, value: float, detectable: float) -> Report:
    """The same report with an attack by canary rows, too."""
    held = copy.deepcopy(report)
    audited = held["privacy"]["audited"]
    audited["epsilon_lower_black_box"] = audited["epsilon_lower"] | {
        "value": value, "low": value, "high": value, "detectable": detectable, "n": 200,
    }  # fmt: skip
    return held


def test_it_has_a_row_where_it_was_made_or_failed_and_none_where_nobody_asked(private):
    assert TITLE not in render_html(private)
    made = by_outputs(private, 0.25, 3.7)
    assert faults(made) == []
    (row,) = [line for line in render_markdown(made).splitlines() if TITLE in line]
    assert "0.25" in row
    assert "of 3.70 that 200 canaries could show" in row
    failed = copy.deepcopy(private)
    failed["missing"]["/privacy/audited/epsilon_lower_black_box"] = "some canaries' scores are not numbers"
    assert TITLE in render_html(failed)


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_a_claim_that_only_outputs_refute_is_refuted_everywhere(private, render):
    report = by_outputs(private, 9.0, 12.0)
    assert verdict_on(private["privacy"]) != "fail"
    assert verdict_on(report["privacy"]) == "fail"
    assert "ε is at least 9.00" in "".join(privacy_lines(report["privacy"])[0])
    assert "refuted: an attack shows at least 9.00" in render(report)
    assert "The attack refutes the claim" in render(report)
