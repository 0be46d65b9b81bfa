"""The clients of a federated training in the section on training."""

import copy
import html
import re
from typing import Any

import jsonschema
import pytest
from assay.audits import clients
from assay.audits.findings import Findings
from assay.audits.report import render_html, render_markdown, schema
from assay.audits.report.identity import volatile_pointers

HARM = "<script>alert(1)</script>"


def measure(found: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return clients.measure(found, **beside).values


def told(*, classes: bool = True, faults: int = 0) -> dict[str, Any]:
    rows = [
        {
            "client": name,
            "train": 100,
            "validation": 400,
            "labels": {"no": 50, "yes": 50},
            "distance": 0.125,
            "asked": 20,
            "counted": 20 - number,
            "validation_loss": 0.5 + number,
            "personalized_loss": 0.4 + number,
            **({"validation_accuracy": 0.9 - 0.3 * number, "personalized_accuracy": 0.95} if classes else {}),
        }
        for number, name in enumerate(("Norway", HARM))
    ]
    return {
        "partition": {"by": "column", "alpha": 0.5, "shards": 2, "column": "country"},
        "strategy": {"name": "fedprox", "proximal_mu": 0.1},
        "preprocessing": "given" if faults else "train rows of all clients",
        "clients": rows,
        "faults": [{"round": 1, "client": 1, "kind": "not_finite", "said": "w"}] * faults,
    }


@pytest.fixture
def federated(binary: dict[str, Any]) -> dict[str, Any]:
    """A report whose model was trained by rounds."""
    report = copy.deepcopy(binary)
    report["training"]["federated"] = measure(told(faults=2))
    return report


def test_the_schema_knows_the_clients(federated):
    jsonschema.validate(federated, schema())
    federated["training"]["federated"]["clients"][0]["address"] = "1.2.3.4"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(federated, schema())


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_who_had_what_and_who_is_served_worse_is_said(federated, render):
    page = render(federated)
    for said in (
        "Norway",
        "country",
        "fedprox",
        "mu: 0.1",
        "20 of 20",
        "19 of 20",
        "2 not finite",
        "0.950",
    ):
        assert said in page, said
    assert "Preprocessing was fitted" not in page
    assert "Served worse, beyond chance (0.950 for all clients at once): " in page
    assert HARM not in page


def test_without_faults_and_without_odd_clients_that_is_said_too(federated):
    alike = told()
    alike["clients"][1]["validation_accuracy"] = 0.88
    federated["training"]["federated"] = measure(alike)
    page = render_markdown(federated)
    assert "Every answer counted." in page
    assert "Preprocessing was fitted on all clients' rows together" in page
    assert ", 0.880 of 400; chance could explain it." in page
    assert "Served worse" not in page


def test_where_there_are_no_classes_losses_are_shown(federated):
    federated["training"]["federated"] = measure(told(classes=False))
    jsonschema.validate(federated, schema())
    page = render_markdown(federated)
    assert "there are no classes" in page
    assert "Accuracy after" not in page
    assert "Loss after its own training" in page


def watched() -> dict[str, Any]:
    """A file of clients that was watched in every way."""
    few = [{"round": 2, "clients": [0, 1], "norm": [1.0, 2.0], "cosine": [1.0, 0.9]}]
    many = {"round": 1, "clients": [0] * 9 + [1], "norm": [1.0 + i / 99 for i in range(9)] + [1e9]}
    return told() | {
        "contributions": {
            "method": "shapley",
            "kept": 2,
            "rounds": [
                {"round": 1, "clients": [0, 1], "judges": 2, "losses": [4.0, 1.0, 5.0, 2.0]},
                {"round": 2, "clients": [0, 1], "judges": 0, "losses": None},
            ],
        },
        "outliers": {
            "rate": 0.05,
            "planned": 2,
            "rounds": [many | {"cosine": [0.5 + i / 99 for i in range(10)]}, *few],
        },
    }


EFFORT = {
    "shared": True,
    "rounds": [
        {"round": 1, "server": 1.0, "clients": {"0": 5.0, "1": 4.0}, "silent": 1},
        {"round": 0, "server": 0.0, "clients": {}, "silent": 0},
    ],
}
READING = {"kwh": 0.004, "cpu_seconds": 10.0, "method": "cpu_load", "estimated": True}


def gap(value: float) -> dict[str, Any]:
    return {
        "value": value,
        "low": value - 0.1,
        "high": value + 0.1,
        "n": 90,
        "between": ["m", "w"],
        "excluded": [],
    }


def inside(*, worse: bool = True) -> Findings:
    name = "demographic_parity_difference"
    score = {"value": 0.7, "low": 0.6, "high": 0.8, "n": 90, "one_sided": [0.61, 0.79]}
    rows = [
        {"client": "Norway", "n": 90, "small": False, "score": score, "gaps": {"sex": {name: gap(0.3)}}},
        {"client": HARM, "n": 3, "small": True, "score": score, "gaps": {"sex": {}}},
    ]
    values = {
        "column": "country",
        "metric": "accuracy",
        "together": 0.85,
        "clients": rows,
        "worse": ["Norway"] if worse else [],
        "lowest": "Norway",
        "widest": {"sex": {name: {"client": "Norway", "value": 0.3}}},
    }
    return Findings(values=values, missing={f"/gaps/sex/{name}": "1 of 2 clients has too few."})


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_what_was_found_of_single_clients_is_shown(federated, render):
    beside = {"reading": READING, "effort": EFFORT, "inside": inside()}
    federated["training"]["federated"] = measure(watched(), **beside)
    jsonschema.validate(federated, schema())
    page = render(federated)
    for said in (
        "Test rows by client: accuracy 0.850 for all.",
        "Served worse, beyond chance: Norway",
        "1 of 2 clients have too few rows to be named.",
        "0.300 (0.200 – 0.400) at Norway, m above w",
        "Shapley value",
        "lowered the validation loss of all by 2",
        "1 round (1 more couldn't be judged)",
        "1 round searched; 1 had too few answers",
        "of which 90.0% was",
        "1 answer didn't tell theirs",
        "cpu_load",
        "estimated from a model",
    ):
        assert said in _plain(page), said
    assert HARM not in page


def _plain(page: str) -> str:
    """Text of a page as a person reads it."""
    text = re.sub(r"<[^>]*>", "", page).replace("\\", "")
    return re.sub(r"\s+", " ", html.unescape(text)).replace("\u2068", "").replace("\u2069", "")


def test_where_nobody_stands_out_that_is_said(federated):
    quiet = watched()
    quiet["outliers"]["rounds"] = quiet["outliers"]["rounds"][1:]
    federated["training"]["federated"] = measure(quiet, inside=inside(worse=False))
    page = _plain(render_markdown(federated))
    assert "Nobody is." in page
    assert "Served worst: Norway, 0.700 of 90 rows; chance could explain it." in page


def test_forty_clients_and_more_stay_readable(federated):
    """Tables are folded, and sentences name eight."""
    many = watched()
    many["clients"] = [many["clients"][0] | {"client": f"client {number}"} for number in range(150)]
    many["contributions"]["rounds"] = [
        {"round": 1, "clients": [0, 1], "judges": 1, "losses": [1.0, 2.0, 1.5, 2.0]}
    ]
    federated["training"]["federated"] = measure(many, reading=READING, effort=EFFORT)
    page = render_html(federated)
    assert "30 more in report.json" in page
    assert page.count("client 149") == 0


def test_energy_is_no_part_of_what_a_report_is(federated):
    """Meters differ from run to run; findings must not."""
    federated["training"]["federated"] = measure(told(), reading=READING, effort=EFFORT)
    assert "/training/federated/energy" in volatile_pointers(federated)


@pytest.mark.parametrize("silent", [False, True])
def test_of_nodes_only_what_they_said_is_shown(federated, silent):
    rows = [{"client": f"node {number}", "asked": 2, "counted": 1} for number in range(2)]
    for row in () if silent else rows:
        row |= {"train": 1234, "validation": 40, "validation_loss": 0.5, "validation_accuracy": 0.75}
    nodes = told() | {
        "partition": {"by": "nodes"},
        "preprocessing": "train rows at the server",
        "clients": rows,
    }
    found = clients.measure(nodes, reading={"kwh": 1.0}, effort={"shared": False, "rounds": []})
    assert "machines of their own" in found.missing["/energy"]
    assert "energy" not in found.values
    federated["training"]["federated"] = found.values
    jsonschema.validate(federated, schema())
    page = render_markdown(federated)
    assert "Rows of 2 clients, at machines of their own, were joined by" in page
    assert "fitted on train rows at the server" in page
    assert "Labels differ by" not in page
    assert ("1,234" in page, "Train rows" in page) == (not silent, not silent)
    assert ("nobody told: none has validation rows" in page) == silent
