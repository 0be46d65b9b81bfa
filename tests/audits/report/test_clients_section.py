"""The clients of a federated training in the section on training."""

import copy
from typing import Any

import jsonschema
import pytest
from assay.audits.clients import measure
from assay.audits.report import render_html, render_markdown, schema

HARM = "<script>alert(1)</script>"


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
