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
from assay.platform.federated.grids.in_process import InProcessGrid
from assay.platform.federated.messages import ARRAYS, METRICS, ROUND
from flwr.app import Array, Message, MessageType
from flwr.app.error import Error
from flwr.common.constant import ErrorCode

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


@pytest.fixture
def sabotaged(monkeypatch):
    """Have a function change what nodes send back to a round of training: by client, an answer or None."""

    def plant(change):
        honest = InProcessGrid.send_and_receive

        def send_and_receive(grid, messages, *, timeout=None):
            sent = list(messages)
            replies = list(honest(grid, sent, timeout=timeout))
            if sent[0].metadata.message_type != MessageType.TRAIN:
                return replies
            asked = {message.metadata.dst_node_id: message for message in sent}
            changed = [
                change(node - 1, reply, asked[node])
                for reply in replies
                if (node := reply.metadata.src_node_id)
            ]
            return [reply for reply in changed if reply is not None]

        monkeypatch.setattr(InProcessGrid, "send_and_receive", send_and_receive)

    return plant


def scaled(reply, factor):
    """The answer with its weights times a number."""
    arrays = reply.content[ARRAYS]
    for name, array in arrays.items():
        arrays[name] = Array(array.numpy() * np.asarray(factor, dtype=array.dtype))
    return reply


def test_a_client_that_sends_garbage_is_named_in_the_report(run, chained, tmp_path, sabotaged):
    sabotaged(lambda client, reply, asked: scaled(reply, -30.0) if client == 2 else reply)
    document = run[1].spec.to_dict()
    document["federated"] |= {"contributions": "none", "strategy": "median", "options": {}}
    _, report = chained(tmp_path, document)
    named = report["training"]["federated"]["outliers"]["named"]
    assert {row["client"] for row in named} == {"birch"}
    assert {row["round"] for row in named} == {1, 2, 3, 4}


def failing(client, reply, asked):
    """In every round client 0 dies, 1 is late, 2 sends NaN, 3 another shape, 4 an answer too old."""
    if client == 0:
        return Message(Error(ErrorCode.CLIENT_APP_CRASHED, "killed"), reply_to=asked)
    if client == 1:
        return None
    if client == 2:
        return scaled(reply, np.nan)
    if client == 3:
        arrays = reply.content[ARRAYS]
        arrays.update({name: Array(array.numpy()[None]) for name, array in arrays.items()})
    if client == 4:
        reply.content[METRICS][ROUND] -= 1
    return reply


def test_every_kind_of_fault_is_counted_and_the_rounds_go_on(loans_spec, chained, tmp_path, sabotaged):
    sabotaged(failing)
    document = loans_spec(federated={"clients": 8, "rounds": 2, "outliers": 0.05}, policy=[])
    _, report = chained(tmp_path, document)
    found = report["training"]["federated"]
    assert found["faults"] == {"missing": 2, "not_finite": 2, "raised": 2, "shape": 2, "stale": 2}
    assert [row["counted"] for row in found["clients"]] == [0] * 5 + [2] * 3
    assert found["outliers"] | {"named": []} == {"rate": 0.05, "searched": 0, "few": 2, "named": []}
    assert found["energy"]["silent"] == 4  # of those that died or were late nothing is known


def test_test_rows_of_clients_that_a_draw_made_belong_to_nobody(loans_spec, chained, tmp_path):
    document = loans_spec(federated={"clients": 3, "rounds": 1}, policy=[])
    _, report = chained(tmp_path, document)
    assert "dealt by iid" in report["missing"]["/training/federated/test"]
    assert parse_spec(document).federated is not None
