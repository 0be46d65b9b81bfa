"""Names from data, specs and people can't break a page or a card, whatever is in them (R6)."""

import copy
import re
from typing import Any

import pytest
import yaml
from assay.audits.report import render_html, render_markdown, summary_markdown
from assay.audits.report.taming import LONGEST_NAME, tame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE models; --",
    "{{ 7 * 7 }}{% raw %}",
    "a|b`c`**d**_e_[f](javascript:alert(1))![g](http://evil.example/x.png)",
    "line\none\r\n\n# heading\n---\n- item",
    "\u202egnp.exe\u2066\u200f\u0000\x1b[31m",
    "https://evil.example www.evil.example @everyone",
    "</style></title></svg>--><!--",
    "عربى ועברית",
    "x" * 1_000_000,
    "\ud800 lone surrogate",
    "1. list",
    "&lt;b&gt; &amp;",
    "=1+1",
    "",
)


def spoilt(report: dict[str, Any], name: str) -> dict[str, Any]:
    """A report in which everything that a stranger can name is named so."""
    bad = copy.deepcopy(report)
    bad["model"] |= {"name": name, "architecture": name, "classes": [name, ">50K"]}
    bad["card"] = dict.fromkeys(("description", "intended_use", "out_of_scope", "contact", "license"), name)
    bad["data"] |= {"source": name, "target": name, "sensitive": [name], "features": [name, name]}
    bad["data"]["datasheet"] = {
        name: {name: {name: 1}},
        "columns": [{"name": name, "why": name}],
        "notes": [name],
    }
    for kind in ("attributes", "intersections"):
        held = next(iter(bad["fairness"][kind].values()))
        group = next(iter(held["groups"].values()))
        held["groups"][name] = group
        for number in held["differences"].values():
            number |= {"between": [name, name], "excluded": [name]}
        bad["fairness"][kind] = {name: held}
    bad["performance"]["baselines"][name] = next(iter(bad["performance"]["baselines"].values()))
    bad["performance"]["confusion"]["classes"] = [name, name]
    bad["performance"]["by_class"] = {name: {"n": 3}}
    method = bad["explanation"]["methods"].pop("integrated_gradients")
    method["global"][0]["feature"] = method["examples"][0]["y_true"] = name
    method["examples"][0] |= {"picture": name}
    bad["explanation"]["methods"][name] = method
    bad["explanation"]["methods"]["occlusion"]["examples"][0]["words"] = {
        name: [{"word": name, "value": -1.0}]
    }
    flip = bad["explanation"]["methods"]["counterfactuals"]["examples"][0]["counterfactuals"][0]
    flip["changes"][0] |= {"feature": name, "from": name, "to": name}
    browser = bad["explanation"].pop("error_browser")["sex"]
    browser["groups"][name] = browser["groups"].pop("Male")
    browser["groups"][name]["differences"][1] |= {"feature": name, "is": name}
    browser["groups"][name]["examples"][0]["inputs"] = {name: name}
    bad["explanation"]["error_browser"] = {name: browser}
    bad["training"]["stages"][0]["name"] = name
    bad["training"]["stages"][-1]["history"][0][name] = 0.5
    bad["carbon"] |= {"method": name}
    bad["carbon"]["stages"][0] |= {"name": name, "flags": [name]}
    bad["policy"]["checks"][3] |= {"over": name, "group": name, "reason": name}
    bad["lineage"] |= {"environment": {name: name}, "spec": {name: [name]}, "code": name}
    bad["missing"][f"/fairness/attributes/{name.replace('~', '~0').replace('/', '~1')}"] = name or "-"
    return bad


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:12]))
def test_a_hostile_name_stays_text_on_the_page(name: str, binary: dict[str, Any], page: Any):
    usual = page(render_html(binary))
    html = render_html(spoilt(binary, name))
    seen = page(html)
    assert {tag for tag, _ in seen.elements} <= {tag for tag, _ in usual.elements} | {"p"}
    assert not [a for _, attributes in seen.elements for a in attributes if a.startswith("on")]
    assert len(html.encode()) < 1_000_000
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x09\x0b-\x1f]", html)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:12]))
def test_a_hostile_name_stays_text_on_the_card(name: str, binary: dict[str, Any]):
    parser = MarkdownIt("gfm-like", {"linkify": False})

    def shape(card: str) -> list[str]:
        body = card.split("\n---\n", 1)[1]
        inline = [child for token in parser.parse(body) for child in token.children or ()]
        return [
            token.type
            for token in inline
            if token.type in ("link_open", "image", "html_inline", "code_inline")
        ]

    card = render_markdown(spoilt(binary, name))
    allowed = {"<code>", "</code>"}
    assert set(re.findall(r"<[^>]*>", card.split("\n---\n", 1)[1])) <= allowed
    assert set(shape(card)) <= {"html_inline"}
    head = yaml.safe_load(card.split("---\n")[1])
    assert head["library_name"] == "assay"
    tables = [token.type for token in parser.parse(card.split("\n---\n", 1)[1])]
    assert tables.count("table_open") > 10


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_text_becomes_one_visible_line(text: str):
    tamed = tame(text)
    assert tamed.isprintable()
    assert len(tamed.splitlines()) <= 1


@given(text=st.text(max_size=30))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_escaped_on_page_card_and_summary(text: str, binary: dict[str, Any], page: Any):
    bad = spoilt(binary, text)
    shown = [" ".join(part.split()) for part in page(render_html(bad)).text]
    assert tame(text) in shown
    assert "<script" not in render_markdown(bad)
    lines = [line for line in summary_markdown(bad).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {6}


def test_a_long_name_is_cut_and_says_so():
    assert tame("y" * 5000) == "y" * (LONGEST_NAME - 1) + "…"
