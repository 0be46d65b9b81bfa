"""Omniglot by drawer: 160 hands as clients, none of whom has another alphabet than one."""

import json

import pytest
from assay.flows.chain import Run, perform
from assay.flows.home import Home
from assay.flows.spec import parse_spec
from assay.flows.stages import wanted
from assay.flows.verification import verify_version


def document(**federated) -> dict:
    return {
        "name": "drawers",
        "data": {"source": "builtin:omniglot"},
        "model": {"architecture": "lenet", "channels": 4},
        "train": {"epochs": 1, "batch_size": 32, "learning_rate": 2e-3},
        "federated": {"partition": {"by": "column", "column": "drawer"}, **federated},
        "audit": {
            "explain": {"rows": 16, "examples": 2},
            "fairness": {"replicates": 200},
            "robustness": {"rows": 40, "attack_rows": 10},
            "slices": {"enabled": False},
        },
        "policy": [{"metric": "accuracy", "min": 0.0}],
    }


def told_of(clients: list[dict]) -> None:
    """Each client is one drawer of one alphabet, with one drawing at most of each of its characters."""
    assert len(clients) == 160
    for row in clients:
        alphabet = row["client"].partition(" drawer")[0]
        held = {name: n for name, n in row["labels"].items() if n}
        assert {name.partition(" character")[0] for name in held} == {alphabet}
        assert set(held.values()) == {1}
    assert sum(row["train"] for row in clients) == 3_388


def test_every_drawer_is_a_client_with_drawings_of_one_alphabet(tmp_path):
    run = Run.open(parse_spec(document(rounds=1, fraction=0.05)), Home(tmp_path))
    for stage in wanted(run.spec)[:2]:
        perform(stage, run)
    told = json.loads((run.path("train") / "clients.json").read_bytes())
    told_of(told["clients"])
    assert sum(row["asked"] for row in told["clients"]) == 8


@pytest.mark.slow
def test_drawers_go_through_the_whole_chain_to_a_report(chained, tmp_path):
    run, report = chained(tmp_path, document(rounds=4, fraction=0.25))
    told_of(report["training"]["federated"]["clients"])
    assert report["training"]["federated"]["partition"] == {"by": "column", "column": "drawer"}
    assert report["performance"]["n"] == 968
    assert report["policy"]["status"] == "pass"
    assert "Korean drawer07" in (run.path("report") / "report.md").read_text()
    assert verify_version(run.home, "drawers").differences == []
