"""The card: a head that a hub can index, and the content of the page."""

import json
from typing import Any

import pytest
import yaml
from assay.audits.report import render_markdown, summary, summary_markdown
from assay.audits.report.markdown_text import escape
from markdown_it import MarkdownIt


def head(card: str) -> dict[str, Any]:
    assert card.startswith("---\n")
    return yaml.safe_load(card.split("---\n")[1])


def test_two_renders_of_one_report_are_the_same_bytes(report: dict[str, Any]):
    assert render_markdown(report) == render_markdown(json.loads(json.dumps(report)))


def test_the_head_has_the_results_of_the_report(binary: dict[str, Any]):
    (entry,) = head(render_markdown(binary))["model-index"]
    (result,) = entry["results"]
    shown = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert shown == {name: number["value"] for name, number in binary["performance"]["metrics"].items()}
    assert result["task"]["type"] == "tabular-classification"
    assert result["dataset"] == {"type": "builtin:adult", "name": "builtin:adult", "split": "test"}


def test_emissions_are_grams_with_a_source_that_says_assumed(binary: dict[str, Any]):
    emissions = head(render_markdown(binary))["co2_eq_emissions"]
    assert emissions["emissions"] == pytest.approx(1000 * binary["carbon"]["kg_co2e"]["value"])
    assert "assumed" in emissions["source"]


def test_what_was_not_measured_or_declared_is_not_in_the_head(make: Any):
    found = head(render_markdown(make("bare")))
    assert not {"license", "co2_eq_emissions", "model-index", "metrics", "datasets"} & found.keys()


def test_a_declared_license_and_a_hub_data_set_are(binary: dict[str, Any]):
    binary["card"]["license"] = "apache-2.0"
    binary["data"]["source"] = "hf:scikit-learn/adult-census-income"
    found = head(render_markdown(binary))
    assert found["license"] == "apache-2.0"
    assert found["datasets"] == ["scikit-learn/adult-census-income"]


def test_the_card_says_first_the_verdict_then_what_is_not_known(binary: dict[str, Any]):
    card = render_markdown(binary)
    places = [
        card.index(words)
        for words in ("The gate is failed", "| **0.862** |", "## What is not known", "## Gate")
    ]
    assert places == sorted(places)


def test_every_row_of_a_table_has_the_cells_of_its_head(report: dict[str, Any]):
    block: list[int] = []
    for line in [*render_markdown(report).splitlines(), ""]:
        if line.startswith("|"):
            block.append(line.count("|"))
        elif block:
            assert len(set(block)) == 1, line
            block = []


def test_only_pictures_that_lie_beside_the_card_are_linked(make: Any, pictures: dict[str, bytes]):
    report = make("image")
    assert render_markdown(report, pictures).count("](pictures/") == 8
    assert render_markdown(report, {}).count("](pictures/") == 0


def test_the_summary_has_every_check_with_its_verdict(binary: dict[str, Any]):
    rows = summary(binary)
    assert [row.verdict for row in rows if row.verdict] == [
        check["status"] for check in binary["policy"]["checks"]
    ]
    assert rows[0].what == "Accuracy"
    assert (rows[0].value, rows[0].interval, rows[0].limit) == ("0.862", "0.857 – 0.867", "≥ 0.840")


def test_the_summary_of_a_report_without_a_policy_has_the_four_numbers(make: Any):
    assert [row.verdict for row in summary(make("multiclass"))] == [""] * 4
    assert "no gate" in summary_markdown(make("bare"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1. list", "1. list"),
        ("12) twelve", "12) twelve"),
        ("0.9", "0.9"),
        ("<b> & |", "<b> & |"),
        ("-1", "-1"),
    ],
)
def test_escaped_text_reads_as_it_was(text: str, shown: str):
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(escape(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert "".join(child.content for child in tokens[1].children or ()) == shown
