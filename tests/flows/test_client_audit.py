"""What a run finds of single clients, from a CSV to a verified version: planted ones are named."""

import json

import jsonschema
import numpy as np
import pandas as pd
import pytest
from assay.audits.report import schema
from assay.flows.home import Home
from assay.flows.spec import parse_spec
from assay.flows.verification import verify_version
from assay.platform.federated import local

ROWS = {"alder": 150, "birch": 150, "cedar": 150, "liar": 150, "maple": 150, "yew": 9, "fir": 8}

FEDERATED = {
    "partition": {"by": "column", "column": "site", "minimum": 20},
    "rounds": 4,
    "local_epochs": 5,
    "contributions": "shapley",
    "outliers": 0.05,
}


def sites(seed: int = 3) -> pd.DataFrame:
    """Sites that learn one rule from two columns; one knows it in its validation rows alone."""
    draw = np.random.default_rng(seed)
    site = np.repeat(list(ROWS), list(ROWS.values()))
    x, y = draw.normal(size=(2, len(site)))
    gender = draw.choice(["f", "m"], len(site))
    part = draw.choice(["train", "validation", "test"], len(site), p=[0.6, 0.2, 0.2])
    label = (x + y + 0.5 * (gender == "m") > 0).astype(int)
    label = np.where((site == "liar") & (part == "train"), draw.integers(0, 2, len(site)), label)
    label = np.where((site == "liar") & (part == "test"), 1 - label, label)
    return pd.DataFrame(
        {
            "x": x,
            "y": y,
            "gender": gender,
            "site": site,
            "part": part,
            "label": np.where(label, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def run(chained, tmp_path_factory):
    """A home with one run, and its report."""
    folder = tmp_path_factory.mktemp("clients")
    sites().to_csv(folder / "sites.csv", index=False)
    document = {
        "name": "sites",
        "data": {
            "source": f"csv:{folder / 'sites.csv'}",
            "target": "label",
            "sensitive": ["gender"],
            "ignore": ["site", "part"],
            "split": {"fixed": {"part": {name: [name] for name in ("train", "validation", "test")}}},
        },
        "model": {"architecture": "mlp", "width": 16, "depth": 1},
        "train": {"batch_size": 32, "learning_rate": 0.02, "patience": None, "keep": "last"},
        "federated": FEDERATED,
        "audit": {
            "explain": {"methods": [], "examples": 0},
            "robustness": {"tests": []},
            "fairness": {"replicates": 100},
        },
        "policy": [],
    }
    started, report = chained(folder / "home", document)
    return folder / "home", started, report


def test_the_report_holds_what_was_found_and_the_schema_knows_it(run):
    _, _, report = run
    jsonschema.validate(report, schema())
    assert {"contributions", "outliers", "energy", "test"} <= set(report["training"]["federated"])
    missing = [place for place in report["missing"] if place.startswith("/training/federated")]
    assert all(place.startswith("/training/federated/test/gaps") for place in missing)


def test_sites_with_few_rows_are_one_client(run):
    found = run[2]["training"]["federated"]
    names = [row["client"] for row in found["clients"]]
    assert names == ["(fewer than 20 rows)", "alder", "birch", "cedar", "liar", "maple"]
    assert {row["client"] for row in found["test"]["clients"]} <= set(names)
    assert sum(row["n"] for row in found["test"]["clients"]) == run[2]["data"]["splits"]["test"]


def test_the_client_with_random_labels_contributes_least_and_is_served_worst(run):
    found = run[2]["training"]["federated"]
    values = found["contributions"]["values"]
    assert min(values, key=values.get) == "liar"
    assert values["liar"] < 0
    assert found["test"]["lowest"] == "liar"
    assert found["test"]["worse"] == ["liar"]


def test_contributions_sum_to_the_fall_of_the_loss(run):
    """FedAvg joins the coalition of all, so the fall is from the first weights to the last."""
    _, started, report = run
    found = report["training"]["federated"]["contributions"]
    history = json.loads((started.path("train") / "history.json").read_bytes())
    told = json.loads((started.path("train") / "clients.json").read_bytes())["contributions"]["rounds"]
    assert found["fall"] == pytest.approx(told[0]["losses"][0] - history[-1]["validation_loss"], abs=1e-5)
    assert sum(found["values"].values()) == pytest.approx(found["fall"])


def test_clients_and_server_share_the_stages_energy(run):
    _, started, report = run
    found, manifest = report["training"]["federated"]["energy"], started.outcomes["train"].artifact.manifest
    assert found["kwh"] == pytest.approx(manifest.energy["kwh"])
    assert found["server"] + sum(found["clients"].values()) == pytest.approx(found["kwh"])
    assert [one["round"] for one in found["rounds"]] == [1, 2, 3, 4]
    assert all(one["clients"] > 0 for one in found["rounds"])
    assert found["silent"] == 0


def test_no_seconds_are_in_the_artifact_only_in_its_manifest(run):
    _, started, _ = run
    text = "".join((started.path("train") / name).read_text() for name in ("clients.json", "history.json"))
    assert "cpu" not in text
    assert "seconds" not in text
    assert started.outcomes["train"].artifact.manifest.details["effort"]["rounds"]


def test_everything_is_found_again_by_verification(run):
    found = verify_version(Home(run[0]), "sites")
    assert found.differences == []
    assert "numbers of clients from stored predictions" in found.checked


def test_watching_changes_no_weight(run, chained, tmp_path):
    """The same spec without watchers gives the same bytes."""
    _, started, _ = run
    document = started.spec.to_dict()
    document["federated"] |= {"contributions": "none", "outliers": None}
    again, report = chained(tmp_path, document)
    weights = "weights/model.safetensors"
    assert (again.path("train") / weights).read_bytes() == (started.path("train") / weights).read_bytes()
    assert "federated.contributions is none" in report["missing"]["/training/federated/contributions"]
    assert "federated.outliers is null" in report["missing"]["/training/federated/outliers"]


def test_a_client_that_sends_garbage_is_named_in_the_report(run, chained, tmp_path, monkeypatch):
    _, started, _ = run
    honest = local.learn

    def learn(learner, site, weights, **told):
        learned = honest(learner, site, weights, **told)
        if site.client == 2:
            for part in learned.weights.values():
                part.mul_(-30.0)
        return learned

    monkeypatch.setattr("assay.platform.federated.client_app.learn", learn)
    document = started.spec.to_dict()
    document["federated"] |= {"contributions": "none", "strategy": "median", "options": {}}
    _, report = chained(tmp_path, document)
    named = report["training"]["federated"]["outliers"]["named"]
    assert {row["client"] for row in named} == {"birch"}
    assert {row["round"] for row in named} == {1, 2, 3, 4}


def test_test_rows_of_clients_that_a_draw_made_belong_to_nobody(loans_spec, chained, tmp_path):
    document = loans_spec(federated={"clients": 3, "rounds": 1}, policy=[])
    _, report = chained(tmp_path, document)
    assert "dealt by iid" in report["missing"]["/training/federated/test"]
    assert parse_spec(document).federated is not None
