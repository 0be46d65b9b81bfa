"""The gate's section: comparisons, required evidence, waivers; and the section on seeds."""

import copy
import html

import jsonschema
import pytest
from assay.audits.policy import Check, evaluate
from assay.audits.report import render_html, render_markdown, schema, summary, with_policy
from assay.audits.report.compose import compose
from assay.audits.variation.measure import vary

IDENTITY = "ab" * 32


def accuracy(value: float) -> dict:
    return {"value": value, "low": value - 0.02, "high": value + 0.02, "n": 500}


@pytest.fixture
def judged(binary) -> dict:
    """A report whose policy uses the whole language, and whose variation is measured."""
    report = copy.deepcopy(binary)
    difference = accuracy(-0.01) | {"one_sided": [-0.027, 0.007]}
    report["comparisons"] = {
        "production": {
            "name": "adult-income", "version": 3, "identity": IDENTITY, "predictions": "cd" * 32, "n": 500,
            "performance": {"accuracy": difference},
        }
    }  # fmt: skip
    numbers = [accuracy(value) for value in (0.84, 0.85, 0.86)]
    varied = vary([0, 1, 2], numbers, 0.95)
    report["variation"] = {"seeds": [0, 1, 2], "metrics": {"accuracy": varied}, "gaps": {"sex": {}}}
    kept = {"/comparisons", "/variation"}
    report["missing"] = {place: why for place, why in report["missing"].items() if place not in kept}
    policy = (
        Check(metric="accuracy", not_worse_than="production", by=0.02),
        Check(metric="accuracy", min=0.5, split="validation", source="A board's <b>decision</b>."),
        Check(requires=("privacy.audited",)),
    )
    verdict = evaluate(policy, report)
    waiver = {
        "check": policy[2].to_json(), "name": "A. Person", "reason": "no attack is built yet",
        "until": "2999-12-31", "signed": False,
    }  # fmt: skip
    return with_policy(report, verdict, [waiver])


def test_it_keeps_to_the_schema(judged):
    jsonschema.validate(judged, schema())


def test_both_renderings_say_what_was_compared_required_and_waived(judged):
    for text in (render_html(judged, {}), html.unescape(render_markdown(judged)).replace("\\", "")):
        assert "adult-income@3" in text
        assert IDENTITY[:12] in text
        assert "privacy.audited" in text
        assert "they flatter the model" in text
        assert "waived until 2999-12-31" in text
        assert "Not signed" in text
    assert "<b>decision" not in render_html(judged, {}) + render_markdown(judged)


def test_a_waiver_stands_on_the_first_screen_and_the_check_keeps_its_status(judged):
    document = compose(judged)
    assert document.status == "inconclusive"
    assert "1 waived" in document.tally
    assert "".join(getattr(part, "text", part) for part in document.notices[0]) == (
        "Required evidence: privacy.audited waived by A. Person until 2999-12-31: "
        "no attack is built yet. Not signed."
    )
    assert [row.verdict for row in summary(judged)[:3]] == ["inconclusive", "inconclusive", "inconclusive"]


def test_the_sentence_on_intervals_always_stands_and_seeds_have_their_own_rows(judged, binary):
    words = "speak of this model on this population, not of a retrained one"
    assert words in render_html(binary, {})
    text = render_html(judged, {})
    assert words in text
    assert all(f"seed {seed}" in text for seed in (0, 1, 2))
    assert "So few seeds hardly bound a spread" in text
