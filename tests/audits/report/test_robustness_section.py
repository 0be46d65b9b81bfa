"""The robustness section says what was found, in words and in tables, and doubts what must be doubted."""

import copy
from typing import Any

import jsonschema
from assay.audits.report import render_html, render_markdown
from assay.audits.report.consistency import faults
from assay.audits.report.document import Shade, Strip, Table
from assay.audits.report.schema import schema
from assay.audits.report.sections.changed_rows import change_name
from assay.audits.report.sections.robustness import robustness


def _tables(blocks: Any) -> list[Table]:
    found = []
    for block in blocks:
        found += [block] if isinstance(block, Table) else _tables(getattr(block, "blocks", ()))
    return found


def test_unharmed_mean_and_worst_come_first_on_one_axis(binary: dict[str, Any]):
    first = next(t for t in _tables(robustness(binary).blocks) if t.caption == "Unharmed and changed rows")
    strips = [cell for row in first.rows for cell in row.cells if isinstance(cell, Strip)]
    families = binary["robustness"]["families"]
    sizes = len({a["level"] for a in binary["robustness"]["adversarial"]["spaces"]["numbers"]["attacks"]})
    assert len(strips) == 3 * len(families) + 1 + sizes
    assert strips[0].number == families["column_shift"]["clean"]
    assert strips[0].hollow
    assert strips[2].number == families["column_shift"]["worst"]
    attacks = binary["robustness"]["adversarial"]["spaces"]["numbers"]["attacks"]
    assert strips[-1].number == attacks[-1]["result"]


def test_every_change_stands_in_a_table(binary: dict[str, Any]):
    rows = sum(len(t.rows) for t in _tables(robustness(binary).blocks) if "hange" in str(t.caption))
    families = binary["robustness"]["families"].values()
    assert rows >= sum(len(held["changes"]) for held in families)


def test_corruptions_are_a_heat_table_whose_cells_are_numbers(make: Any):
    report = make("image")
    heat = next(t for t in _tables(robustness(report).blocks) if str(t.caption).startswith("Corruptions: "))
    assert len(heat.rows) == 15
    for row in heat.rows:
        shades = [cell for cell in row.cells if isinstance(cell, Shade)]
        assert len(shades) == 5
        assert all(abs(shade.n / 100 - (1 - shade.share)) < 0.006 for shade in shades)


def test_the_promise_is_said_with_the_coverage_beside_it(binary: dict[str, Any]):
    said = render_markdown(binary, {})
    assert "a probability of at least 0.9, calibrated on 3,256 validation rows" in said
    assert "not about any group" in said
    assert "Group conformal coverage by sex" in said


def test_an_attack_that_found_nothing_is_not_believed(binary: dict[str, Any]):
    checks = binary["robustness"]["adversarial"]["spaces"]["numbers"]["checks"]
    assert "Don't believe these numbers" not in render_markdown(binary, {})
    checks["noise_weaker_than_pgd"] = False
    assert "Don't believe these numbers: random noise hurts more" in render_markdown(binary, {})


def test_each_part_that_is_missing_says_why(binary: dict[str, Any]):
    report = copy.deepcopy(binary)
    for key, why in (("conformal", "no rows to calibrate on"), ("adversarial", "no gradients"),
                     ("foreign_rows", "no scores"), ("abstention", "no confidence")):  # fmt: skip
        del report["robustness"][key]
        report["missing"][f"/robustness/{key}"] = why
    said = render_markdown(report, {})
    for why in ("no rows to calibrate on", "no gradients", "no scores", "no confidence"):
        assert why in said
    del report["robustness"]
    report["missing"]["/robustness"] = "not asked for this time"
    assert "not asked for this time" in render_html(report, {})


def test_what_a_run_finds_fits_the_published_schema(make: Any):
    for kind in ("binary", "image"):
        report = make(kind)
        jsonschema.Draft202012Validator(schema()).validate(report)
        assert not faults(report)


def test_changes_are_said_in_words():
    assert change_name({"kind": "shift", "level": 0.5, "on": "age"})[1:] == (
        ": ",
        "moved by 0.5 × its standard deviation",
    )
    assert change_name({"kind": "cells", "level": 0.25}) == "empty cells, a share of 0.25"
    assert change_name({"kind": "pixelate", "level": 5}) == "Pixelate 5"
