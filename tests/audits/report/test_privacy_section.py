"""The section on privacy: an epsilon never stands alone, the attack is read in words, numbers are there."""

import copy
import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from assay.audits.evidence import check_path
from assay.audits.report import faults, identity, render_html, render_markdown
from assay.audits.report.figures import figure, interval
from assay.audits.report.identity import volatile_pointers
from assay.audits.report.metrics import describe
from assay.audits.report.privacy_standouts import privacy_lines
from assay.audits.report.sections.privacy_loss import chance, epsilon, verdict_on
from assay.audits.report.sections.privacy_odds import at_most
from assay.audits.report.sections.privacy_spent import event_in_words
from assay.platform.exceptions import SpecError
from assay.platform.privacy.ledger.events import (
    Composed,
    Gaussian,
    Laplace,
    NonPrivate,
    PoissonSampled,
    SelfComposed,
    dp_sgd,
)
from hypothesis import given
from hypothesis import strategies as st

Report = dict[str, Any]


@pytest.fixture
def private(make: Callable[[str], Report]) -> Report:
    """A private model with everything that there is to say."""
    return make("private")


@pytest.fixture(params=[render_html, render_markdown], ids=["html", "md"])
def words(request: pytest.FixtureRequest, page: Any) -> Callable[[Report], str]:
    """A rendering as plain words."""

    def said(report: Report) -> str:
        text = request.param(report)
        if text.startswith("<!doctype"):
            return re.sub(r" (?=[.,:;)])", "", " ".join(" ".join(page(text).text).split()))
        return " ".join(unescape(re.sub(r"[*\\]|<[^>]*>", "", text)).split())

    return said


def without(report: Report, *parts: str) -> Report:
    """The same report without parts of its section on privacy."""
    kept = {key: value for key, value in report["privacy"].items() if key not in parts}
    return report | {"privacy": kept}


def changed(report: Report, part: str, **values: Any) -> Report:
    held = copy.deepcopy(report)
    held["privacy"][part] |= values
    return held


def attacked(report: Report, value: float, detectable: float) -> Report:
    held = copy.deepcopy(report)
    held["privacy"]["audited"]["epsilon_lower"] |= {
        "value": value, "low": value, "high": value, "detectable": detectable,
    }  # fmt: skip
    return held


def sentences(report: Report) -> list[str]:
    lines = privacy_lines(report["privacy"])
    return ["".join(getattr(part, "text", part) for part in line) for line in lines]


def test_the_sample_is_without_contradictions(private):
    assert faults(private) == []


def test_the_first_screen_tells_an_epsilon_with_what_is_outside_it(private, words):
    said = words(private)
    first = said[: said.index("What is not known")]
    assert epsilon(private["privacy"]["claimed"]["epsilon"]) in first
    assert f"{len(private['privacy']['uncovered'])} things outside it" in first
    assert "attack: at least" in first


@pytest.mark.parametrize(
    ("things", "expected"),
    [
        (None, "what is outside it was not listed"),
        (0, "nothing known is outside it"),
        (1, "1 thing outside it"),
    ],
)
def test_an_epsilon_never_stands_without_its_list(private, words, things, expected):
    listed = private["privacy"]["uncovered"]
    report = without(private, "uncovered")
    if things is not None:
        report["privacy"]["uncovered"] = listed[:things]
    assert words(report).count(expected) == 2, "on the first screen and in the section"


def test_what_no_epsilon_covers_is_open_and_in_order(private, page):
    html = render_html(private)
    section = html[html.index('<section id="privacy"') :]
    opened = re.sub(r"<details>.*?</details>", "", section[: section.index("</section>")], flags=re.DOTALL)
    places = [
        opened.index(f"{one['what'][0].upper()}{one['what'][1:]}") for one in private["privacy"]["uncovered"]
    ]
    assert places == sorted(places)
    assert all(
        one["why"][1:] in opened and one["mend"][1:] in opened for one in private["privacy"]["uncovered"]
    )


@pytest.mark.parametrize(
    ("shown", "verdict", "said"),
    [
        ((9.0, 12.0), "fail", "The attack refutes the claim"),
        ((0.3, 1.2), "inconclusive", "This attack could not have refuted the claim"),
        ((0.3, 12.0), "pass", "does not refute the claim. That proves nothing"),
    ],
)
def test_the_attack_is_read_in_words(private, words, shown, verdict, said):
    report = attacked(private, *shown)
    assert verdict_on(report["privacy"]) == verdict
    assert said in words(report)


def test_what_a_claim_means_is_said_to_be_void_where_the_claim_is(private, words):
    void = "What follows would be so if the claim held. It doesn't"
    assert void not in words(private)
    assert void in words(attacked(private, 9.0, 12.0))
    assert void in words(changed(private, "claimed", secret_noise=False))


def test_without_canaries_there_is_no_verdict_and_the_reason_stands_there(private, words):
    report = copy.deepcopy(private)
    del report["privacy"]["audited"]["epsilon_lower"]
    report["missing"]["/privacy/audited/epsilon_lower"] = "no canaries were inserted into training"
    assert verdict_on(report["privacy"]) == "none"
    assert words(report).count("no canaries were inserted into training") >= 2


def test_a_refuted_claim_stands_out_before_everything_else(private):
    report = attacked(private, 9.0, 12.0)
    assert sentences(report)[0].startswith("The privacy claim is refuted")
    assert "refuted: an attack shows at least 9.00" in render_html(report)


def test_what_voids_a_promise_stands_out(private):
    assert not [line for line in sentences(private) if "seed" in line or "budget" in line]
    seeded = changed(private, "claimed", secret_noise=False)
    assert any("holds against nobody who knows the seed" in line for line in sentences(seeded))
    unlimited = copy.deepcopy(private)
    del unlimited["privacy"]["cumulative"]["budget"]
    assert any("No budget limits" in line for line in sentences(unlimited))


@pytest.fixture
def unbounded(private) -> Report:
    """Four versions were trained on the same rows without privacy."""
    report = copy.deepcopy(private)
    spent = report["privacy"]["cumulative"]
    del spent["epsilon"], spent["filtered"], report["privacy"]["odds"]["cumulative"]
    plain = {"dataset": "adult", "event": NonPrivate().to_json(), "epsilon": None, "mine": False}
    spent["runs"] = [plain | {"version": f"plain@{number}"} for number in range(1, 5)] + spent["runs"]
    report["missing"]["/privacy/cumulative/epsilon"] = "nothing bounds what was spent"
    return report


def test_training_without_privacy_on_the_same_rows_leaves_no_bound(unbounded, words):
    assert any(line.endswith("plain@1, plain@2, plain@3 and 1 more.") for line in sentences(unbounded))
    said = words(unbounded)
    assert "Privacy › cumulative › epsilon: nothing bounds what was spent" in said
    assert "on these rows in all: no bound" in said
    assert said.count("trained without privacy") >= 4
    assert not re.search(
        r"\b(inf|nan|none)\b", said[said.index("What was spent on these rows") :].lower()[:900]
    )


def test_a_comparison_without_privacy_is_said_to_be_this_versions_own(unbounded):
    runs = unbounded["privacy"]["cumulative"]["runs"]
    unbounded["privacy"]["cumulative"]["runs"] = [runs[0] | {"mine": True}]
    (line,) = [line for line in sentences(unbounded) if "without privacy" in line]
    assert line.endswith(": this version's own comparison.")


def test_a_group_that_is_found_more_easily_stands_out_and_one_that_is_hidden_does_not(private):
    report = copy.deepcopy(private)
    attack = report["privacy"]["audited"]["membership"]["loss_threshold"]
    groups = attack["attributes"]["race"]["groups"]
    for name, value in (("Black", 0.9), ("White", 0.4)):
        groups[name] |= {"flagged": True, "p_value": 1e-9}
        groups[name]["mia_auc"] |= {"value": value, "low": value - 0.01, "high": value + 0.01}
    (line,) = [line for line in sentences(report) if "more easily" in line]
    assert "race Black" in line
    assert "0.900 (0.890 – 0.910)" in line
    del groups["Black"]
    assert not [line for line in sentences(report) if "more easily" in line]


def test_a_model_without_privacy_says_so_in_one_sentence_and_the_attack_still_stands(private, words):
    report = without(private, "claimed", "cumulative", "odds", "uncovered", "cost", "curve")
    report["privacy"]["audited"].pop("epsilon_lower")
    report["missing"]["/privacy/claimed"] = (
        "Trained without differential privacy: there is no guarantee to be stated."
    )
    said = words(report)
    assert "there is no guarantee to be stated. Nothing bounds what the model gives away" in said
    assert "Who an attack finds" in said
    assert "What no epsilon here covers" not in said
    assert "What was promised" not in said
    assert "Expected calibration error" in said[: said.index("What is not known")], "on the first screen"


def test_what_was_spent_is_shown_beside_a_model_that_claims_nothing(private, words):
    report = without(private, "claimed", "odds", "uncovered", "cost", "curve")
    report["missing"]["/privacy/claimed"] = "nobody claimed anything"
    said = words(report)
    assert re.search(r"Claimed for this model [| ]*no bound [| ]*nobody claimed anything", said)
    assert epsilon(private["privacy"]["cumulative"]["epsilon"]) in said


def test_the_list_stays_on_a_page_that_is_too_long(private):
    race = private["fairness"]["attributes"]["race"]
    long = {f"{'very ' * 25}long {i}": group for i, group in enumerate(24 * list(race["groups"].values()))}
    private["fairness"]["attributes"] |= {f"column {i}": {"groups": long} for i in range(40)}
    html = render_html(private)
    assert "left out to keep this page small" in html
    assert len(html.encode()) < 1_000_000
    assert all(one["why"][1:] in html for one in private["privacy"]["uncovered"])
    assert "Shown by an attack, at least" in html


def measured(value: Any, name: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every (metric, number) below a value."""
    if isinstance(value, dict):
        if {"value", "low", "high"} <= value.keys():
            return [(name, value)]
        return [held for key, inner in value.items() for held in measured(inner, key)]
    return [held for inner in value for held in measured(inner, name)] if isinstance(value, list) else []


def written_out(private: Report) -> list[tuple[str, dict[str, Any]]]:
    """Every measured number of the section that is written out, with its metric."""
    section = private["privacy"]
    attacks, cost = section["audited"]["membership"], section["cost"]
    curve = [point["metrics"] for point in section["curve"]]  # their groups are in report.json alone
    found = [("accuracy", number) for _, number in measured([attacks, cost["groups"], cost["gaps"]])]
    found += [(metric, number) for metric, sides in cost["metrics"].items() for number in sides.values()]
    return found + measured(curve)


def test_every_measured_number_is_said_with_its_interval(private, words):
    said, numbers = words(private), written_out(private)
    assert len(numbers) > 100
    for metric, number in numbers:
        unit = describe(metric).unit
        assert figure(number, unit) in said, (metric, number)
        assert interval(number, unit) in said, (metric, number)


def test_page_and_card_say_the_same_numbers(private, page):
    html, card = render_html(private), render_markdown(private)
    start = html.index('<section id="privacy"')
    section = html[start : html.index("</section>", start) + len("</section>")]
    section = re.sub(r"<(summary|figcaption)>.*?</\1>", "", section)  # the card has neither
    while "<svg" in section:  # the innermost first: labels of axes are no findings
        section = re.sub(r"<svg(?:(?!<svg).)*?</svg>", "", section, flags=re.DOTALL)
    body = card[card.index("## Privacy") : card.index("## Variation")]
    plain = unescape(re.sub(r"<[^>]*>", "", body))

    def numbers(text: str) -> list[str]:
        return sorted(re.findall(r"\d[\d,.]*\d|\d", text))

    assert numbers(" ".join(page(section).text)) == numbers(plain)


def test_reasons_of_groups_and_rates_stand_in_their_place(private, words):
    said = words(private)
    assert "a false positive rate of 0.001 needs 10000 non-members, there are 3000" in said
    assert re.search(r"Other [| ]*the group has \d+ members and \d+ others, fewer than 20", said)


@pytest.mark.parametrize("name", ['<script>alert("x")</script>', "a/b~c|d", "\u202eevil", "x" * 5000])
def test_a_hostile_name_of_a_group_stays_text(private, page, name):
    report = copy.deepcopy(private)
    for attack in report["privacy"]["audited"]["membership"].values():
        column = attack["attributes"].pop("race")
        column["groups"][name] = column["groups"].pop("White")
        column["difference"]["between"] = [name, name]
        attack["attributes"][name] = column
    report["privacy"]["cost"]["groups"] = {name: {name: report["privacy"]["cost"]["groups"]["sex"]["Male"]}}
    report["privacy"]["cost"]["gaps"] = {
        name: report["privacy"]["cost"]["gaps"]["sex"] | {"excluded": [name]}
    }
    report["privacy"]["cumulative"] |= {"dataset": name, "unit": name}
    report["privacy"]["cumulative"]["runs"][0] |= {"version": name, "dataset": name}
    html = render_html(report)
    assert {tag for tag, _ in page(html).elements} <= {tag for tag, _ in page(render_html(private)).elements}
    assert "\u202e" not in html
    assert len(html) < 1_000_000
    assert "<script" not in render_markdown(report)


def test_the_ledger_moves_and_the_findings_stay_what_they_are(private):
    later = changed(private, "cumulative", epsilon=7.0, head={"number": 99, "hash": "ab" * 32})
    assert "/privacy/cumulative" in volatile_pointers(later)
    assert identity(later) == identity(private)
    other = changed(private, "claimed", epsilon=1.0)
    assert identity(other) != identity(private)


@pytest.mark.parametrize(
    "path", ["privacy.claimed", "privacy.audited.epsilon_lower", "privacy.uncovered", "privacy.cost"]
)
def test_a_policy_may_require_every_part(path):
    check_path(path, sensitive=())


@pytest.mark.parametrize("path", ["privacy.claimd", "privacy.audited.epsilon", "privacy.head"])
def test_a_part_that_no_report_has_is_refused(path):
    with pytest.raises(SpecError):
        check_path(path, sensitive=())


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (NonPrivate(), "trained without privacy"),
        (Gaussian(noise_multiplier=2.5), "normal noise, 2.5 × sensitivity"),
        (Laplace(noise_multiplier=4.0), "Laplace noise, 4 × sensitivity"),
        (dp_sgd(noise_multiplier=1.5, sample_rate=0.125, steps=1200),
         "1,200 steps: samples of 12.5%, normal noise, 1.5 × sensitivity"),
        (Composed(events=(NonPrivate(), Gaussian(noise_multiplier=1.0))),
         "trained without privacy; normal noise, 1 × sensitivity"),
        (Composed(events=()), "nothing"),
        (SelfComposed(event=PoissonSampled(sampling_probability=1.0, event=Gaussian(noise_multiplier=3.0)),
                      count=2),
         "2 steps: samples of 100%, normal noise, 3 × sensitivity"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_every_mechanism_of_the_ledger_has_words(event, said):
    assert event_in_words(json.loads(json.dumps(event.to_json()))) == said


@given(st.floats(0.0, 1.0))
def test_a_bound_in_percent_is_never_told_smaller_than_it_is(share):
    told = float(at_most(share).rstrip("%")) / 100
    assert told >= share - 1e-9
    assert told <= share + 0.001
    assert told < 1 or share > 0.99999


@pytest.mark.parametrize(
    ("delta", "said"), [(1e-5, "1e-5"), (2.5e-7, "2.5e-7"), (1e-12, "1e-12"), (0.001, "0.001")]
)
def test_a_delta_is_written_as_specs_have_it(delta, said):
    assert chance(delta) == said
    assert float(said) == delta


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0"), (0.0123, "0.012"), (2.998, "3.00"), (3.0, "3.00"), (1234.5, "1,234.50")]
)
def test_an_epsilon_has_two_decimals(value, said):
    assert epsilon(value) == said
