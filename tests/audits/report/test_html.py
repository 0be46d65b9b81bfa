"""The page: complete, self-contained, ordered, accessible; structure is tested, not bytes."""

import base64
import hashlib
import json
import re
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from assay.audits.report import render_html
from assay.audits.report.figures import figure, interval
from assay.audits.report.metrics import describe
from assay.audits.report.pointers import resolve

STYLE = Path(render_html.__code__.co_filename).with_name("templates") / "style.css"
ORDER = [
    "verdict",
    "unknown",
    "gate",
    "performance",
    "fairness",
    "calibration",
    "explanation",
    "data",
    "training",
]


def test_two_renders_of_one_report_are_the_same_bytes(report: dict[str, Any], pictures: dict[str, bytes]):
    read_back = json.loads(json.dumps(report))
    assert render_html(report, pictures) == render_html(read_back, dict(reversed(pictures.items())))


def test_the_page_needs_nothing_else_and_runs_nothing(
    report: dict[str, Any], pictures: dict[str, bytes], page: Any
):
    html = render_html(report, pictures)
    seen = page(html)
    assert len(html.encode()) < 1_000_000
    assert not {tag for tag, _ in seen.elements} & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
    }
    for tag, attributes in seen.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (
            tag,
            attributes,
        )
        for name in ("src", "href", "srcset", "xlink:href", "data"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:image/png;base64,")), (tag, target)
    assert "url(" not in re.sub(r"url\(#(hatch|open)\)", "", STYLE.read_text())
    assert "@import" not in html


def test_the_security_policy_admits_this_style_sheet_and_nothing_else(binary: dict[str, Any], page: Any):
    html = render_html(binary)
    style = re.search(r"<style>(.*)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    (policy,) = [meta["content"] for meta in page(html).all("meta") if "http-equiv" in meta]
    expected = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert policy == expected


def test_ids_are_unique_links_lead_somewhere_and_sections_are_in_order(report: dict[str, Any], page: Any):
    seen = page(render_html(report))
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"][1:] for attributes in [*seen.all("a"), *seen.all("use")]}
    assert targets <= set(ids)
    assert [found for found in ids if found in ORDER] == ORDER


def test_headings_descend_one_level_at_a_time_and_there_is_one_title(report: dict[str, Any], page: Any):
    headings = page(render_html(report)).headings
    assert headings.count(1) == 1
    assert headings[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))


def test_landmarks_tables_and_pictures_say_what_they_are(
    report: dict[str, Any], pictures: dict[str, bytes], page: Any
):
    seen = page(render_html(report, pictures))
    tags = [tag for tag, _ in seen.elements]
    assert tags.count("main") == tags.count("nav") == 1
    assert seen.all("html")[0]["lang"] == "en"
    assert tags.count("table") == tags.count("caption")
    assert all(attributes.get("scope") for attributes in seen.all("th"))
    assert all(attributes.get("alt") for attributes in seen.all("img"))
    for attributes in seen.all("svg"):
        if attributes["class"] == "at":
            continue  # inside a strip, which is hidden
        assert attributes.get("aria-hidden") == "true" or attributes.get("aria-label"), attributes


def measured(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """Every (metric, number) below a value."""
    found = []
    for key, inner in value.items() if isinstance(value, dict) else ():
        found += [(key, inner)] if isinstance(inner, dict) and "low" in inner else measured(inner)
    return found


@pytest.mark.parametrize(
    "section", ["/fairness", "/performance", "/calibration/metrics", "/calibration/groups"]
)
def test_every_number_of_a_section_stands_in_a_table_with_its_interval(
    report: dict[str, Any], section: str, page: Any
):
    text = "".join(page(render_html(report)).table_text)
    for name, number in measured(resolve(report, section, {})):
        unit = describe(name).unit
        like = report["performance"]["metrics"].get(name) if section == "/performance" else None
        assert figure(number, unit, like) in text, (name, number)
        assert interval(number, unit, like) in text, (name, number)


def test_every_reason_for_an_absence_is_on_the_page(report: dict[str, Any], page: Any):
    text = " ".join("".join(page(render_html(report)).text).split())
    for why in report["missing"].values():
        assert why.rstrip(".") in text


def test_nan_and_none_are_never_printed(report: dict[str, Any], page: Any):
    words = re.findall(r"[A-Za-z]+", " ".join(page(render_html(report)).text).lower())
    assert not {"nan", "inf", "null", "undefined"} & set(words)
    assert ">None<" not in render_html(report)


def test_the_verdict_is_a_word_and_a_shape_not_only_a_colour(binary: dict[str, Any], page: Any):
    html = render_html(binary)
    assert '<use href="#i-fail"/>' in html
    assert "fail" in page(html).text


def test_pictures_are_embedded_and_a_foreign_file_is_not(make: Any, pictures: dict[str, bytes], page: Any):
    report = make("image")
    assert len(page(render_html(report, pictures)).all("img")) == 8
    swapped = dict.fromkeys(pictures, b"<svg onload=alert(1)>")
    assert page(render_html(report, swapped)).all("img") == []
    assert "not at hand" in render_html(report, {})


def test_pictures_beyond_the_budget_are_named_instead_of_shown(make: Any, page: Any):
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 8, 8)
    heavy = {f"pictures/{row}.png": header + bytes(200_000) for row in range(6)}
    html = render_html(make("image"), heavy)
    assert len(html.encode()) < 1_000_000
    assert len(page(html).all("img")) == 1


def test_many_groups_stay_below_a_megabyte_and_say_what_was_left_out(binary: dict[str, Any]):
    one = binary["fairness"]["attributes"]["race"]["groups"]["White"]
    groups = {f"group number {i}": one for i in range(2000)}
    binary["fairness"]["attributes"]["race"]["groups"] = groups
    html = render_html(binary)
    assert len(html.encode()) < 1_000_000
    assert "1880 more groups in report.json" in html


def test_a_report_that_is_too_long_names_what_it_leaves_out(binary: dict[str, Any], page: Any):
    race = binary["fairness"]["attributes"]["race"]
    long = {f"{'very ' * 25}long {i}": group for i, group in enumerate(24 * list(race["groups"].values()))}
    binary["fairness"]["attributes"] |= {f"column {i}": {"groups": long} for i in range(40)}
    html = render_html(binary)
    assert len(html.encode()) < 1_000_000
    assert "left out to keep this page small" in html
    assert "0.862" in "".join(page(html).table_text), "the gate and the performance stay"


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "soft", "ok", "no", "hm", "accent"])
def test_text_contrasts_with_the_paper_in_both_themes(theme: int, ink: str):
    palette = dict(
        re.findall(r"--(\w+):(#\w{6})", re.findall(r":root\{(.*?)\}", STYLE.read_text(), re.DOTALL)[theme])
    )
    for ground in ("paper", "card"):
        pair = sorted((luminance(palette[ink]), luminance(palette[ground])))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (ink, ground)
