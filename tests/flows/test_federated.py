"""Federated training in the chain: from a CSV to a registered version whose report tells its clients."""

import json

import jsonschema
import pytest
from assay.audits.report import schema
from assay.flows.catalogue import catalogue
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import parse_spec
from assay.flows.verification import verify_version
from assay.platform.exceptions import AssayError, SpecError
from assay.platform.federated import local

FEDERATED = {
    "partition": {"by": "column", "column": "region"},
    "rounds": 3,
    "strategy": "fedprox",
    "options": {"proximal_mu": 0.1},
    "personalize": 1,
}


@pytest.fixture(scope="module")
def federated(prefect_api, loans_spec, tmp_path_factory):
    """A home with one finished run."""
    home = tmp_path_factory.mktemp("home")
    return home, run_spec(parse_spec(loans_spec(federated=FEDERATED)), home=home)


def test_the_report_tells_the_clients(federated):
    report = json.loads(federated[1].report["json"].read_bytes())
    jsonschema.validate(report, schema())
    found = report["training"]["federated"]
    assert [row["client"] for row in found["clients"]] == ["east", "north", "south"]
    assert found["partition"] == {"by": "column", "column": "region"}
    assert all(row["counted"] == 3 for row in found["clients"])
    assert found["faults"] == {}
    train = next(stage for stage in report["training"]["stages"] if stage["name"] == "train")
    assert train["engine"]["name"] == "flower-in-process"
    assert [entry["epoch"] for entry in train["history"]] == [1, 2, 3]
    assert "Clients" in federated[1].report["md"].read_text()


def test_the_version_holds_against_its_evidence(federated):
    assert verify_version(Home(federated[0]), "loans").differences == []


def test_the_same_spec_is_found_again_and_another_is_not(federated, loans_spec):
    home, first = federated
    again = run_spec(parse_spec(loans_spec(federated=FEDERATED)), home=home)
    assert again.version == first.version
    other = run_spec(parse_spec(loans_spec(federated=FEDERATED | {"rounds": 2})), home=home)
    assert other.version != first.version


def test_too_few_clients_end_the_run_and_nothing_is_registered(
    prefect_api, loans_spec, tmp_path, monkeypatch
):
    def dies(*told, **more):
        raise MemoryError("killed")

    monkeypatch.setattr(local, "fit", dies)
    spec = parse_spec(loans_spec(federated={"clients": 3, "rounds": 2}))
    with pytest.raises(AssayError, match="round 1: 0 of 3 clients answered as they should, 1 are needed"):
        run_spec(spec, home=tmp_path)
    assert Home(tmp_path).registry().models() == []


def test_a_misspelt_key_and_strategy_are_named(loans_spec):
    with pytest.raises(SpecError, match=r"federated\.partition\.alhpa"):
        parse_spec(loans_spec(federated={"partition": {"by": "dirichlet", "alhpa": 1}}))
    with pytest.raises(SpecError, match="did you mean 'scaffold'"):
        parse_spec(loans_spec(federated={"strategy": "scafold"}))


def test_the_strategies_are_listed():
    listed = {row["name"]: row for row in catalogue("strategies")}
    assert listed["fedprox"]["options"] == {"proximal_mu": 0.01}
    assert all(row["paper"] for row in listed.values())
