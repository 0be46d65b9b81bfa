"""What is said of clients, from the file that federated training writes."""

import pytest
from assay.audits import clients
from assay.audits.findings import Findings
from scipy.stats import binom


def row(name, rows, accuracy=None, **more):
    found = {"client": name, "train": 10, "validation": rows, "labels": {"no": 5, "yes": 5}, "distance": 0.0}
    found |= {"asked": 2, "counted": 2, **more}
    return found if accuracy is None else found | {"validation_accuracy": accuracy, "validation_loss": 0.5}


def measure(found):
    return clients.measure(found).values


def told(*rows, faults=()):
    return {
        "partition": {"by": "dirichlet", "alpha": 0.3, "shards": 2, "column": None},
        "strategy": {"name": "fedprox", "proximal_mu": 0.1},
        "preprocessing": "given",
        "clients": list(rows),
        "faults": [{"round": 1, "client": 0, "kind": kind, "said": ""} for kind in faults],
    }


def test_limits_are_exact_and_hold_for_all_clients_at_once():
    """Clopper & Pearson: at a limit, what was seen or worse has half of one client's error."""
    found = measure(told(row("a", 40, 0.75), row("b", 200, 0.9)))
    tail = 0.05 / 2 / 2
    for client, rows, hits in zip(found["clients"], (40, 200), (30, 180), strict=True):
        limits = client["validation_accuracy"]
        assert limits["n"] == rows
        assert binom.sf(hits - 1, rows, limits["low"]) == pytest.approx(tail)
        assert binom.cdf(hits, rows, limits["high"]) == pytest.approx(tail)


def test_all_together_weighs_clients_by_their_rows():
    assert measure(told(row("a", 100, 0.5), row("b", 300, 0.9)))["together"] == pytest.approx(0.8)


def test_only_clients_that_chance_cannot_explain_are_named_the_worst_first():
    found = measure(
        told(row("few", 4, 0.25), row("bad", 100, 0.5), row("worst", 100, 0.3), row("good", 800, 0.95))
    )
    assert found["worse"] == ["worst", "bad"]


def test_alike_clients_are_seldom_named():
    """Of ten clients that are served alike someone is named in at most 5% of the draws."""
    draws, named = 400, 0
    for seed in range(draws):
        hits = binom.rvs(60, 0.8, size=10, random_state=seed)
        named += bool(measure(told(*(row(str(i), 60, n / 60) for i, n in enumerate(hits))))["worse"])
    assert named / draws <= 0.05


def test_clients_without_rows_to_be_judged_by_and_regression_have_no_limits():
    found = measure(told(row("a", 0), row("b", 10, 0.9)))
    assert "validation_accuracy" not in found["clients"][0]
    assert found["together"] == pytest.approx(0.9)
    losses = measure(told(row("a", 10, validation_loss=0.4)))
    assert "together" not in losses
    assert "worse" not in losses


def test_faults_are_counted_and_unused_settings_left_out():
    found = measure(told(row("a", 1, 1.0), faults=("stale", "raised", "stale")))
    assert found["faults"] == {"raised": 1, "stale": 2}
    assert found["partition"] == {"by": "dirichlet", "alpha": 0.3}


def test_what_was_not_measured_is_said():
    missing = clients.measure(told(row("a", 10, 0.5))).missing
    assert "federated.contributions is none" in missing["/contributions"]
    assert "federated.outliers is null" in missing["/outliers"]
    assert "dealt by dirichlet" in missing["/test"]
    assert "processor time" in missing["/energy"]


def test_what_was_measured_beside_the_file_stands_in_the_section():
    watched = {
        "contributions": {
            "method": "leave_one_out",
            "kept": 1,
            "rounds": [{"round": 1, "clients": [0], "judges": 1, "losses": [2.0, 1.0, 2.0]}],
        },
        "outliers": {"rate": 0.05, "planned": 1, "rounds": []},
    }
    reading = {"kwh": 1.0, "cpu_seconds": 4.0, "method": "rapl", "estimated": False}
    effort = {"shared": True, "rounds": [{"round": 1, "server": 1.0, "clients": {"0": 3.0}, "silent": 0}]}
    inside = Findings(values={"metric": "accuracy"}, missing={"/gaps/sex": "too few"})
    found = clients.measure(told(row("a", 10, 0.5)) | watched, reading=reading, effort=effort, inside=inside)
    assert found.values["contributions"]["values"] == {"a": 1.0}
    assert found.values["outliers"]["named"] == []
    assert found.values["energy"]["clients"] == {"a": 0.75}
    assert found.values["test"] == {"metric": "accuracy"}
    assert found.missing == {"/test/gaps/sex": "too few"}
