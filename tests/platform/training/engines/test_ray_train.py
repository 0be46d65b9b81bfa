"""Several workers: the numbers of one, as far as sums in another order allow, and no worse when one dies."""

import gc
import json
import os
import signal
import threading
import time

import pytest
import safetensors.torch
import torch
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.ledger.account import LedgerAccount
from assay.platform.privacy.ledger.ledger import Ledger
from assay.platform.training.config import ModelConfig
from assay.platform.training.engines.board import Board
from assay.platform.training.engines.ray_cluster import ray_cluster
from assay.platform.training.engines.ray_train import _threads

#: What Ray leaves open when a cluster is shut down.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file .*/dev/null:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

#: Without dropout, whose draws differ between workers, the numbers must agree.
MODEL = ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4, "dropout": 0.0})

#: With a seed, so that two runs can be compared.
BUDGET = PrivacyConfig(epsilon=2.0, delta=1e-4, accountant="rdp", noise_seed=5)


@pytest.fixture(scope="module")
def cluster():
    """One cluster for the whole file: starting it costs ten seconds."""
    with ray_cluster(None, workers=2):
        yield
    gc.collect()  # here, where its warnings are expected


def history(folder):
    return json.loads((folder / "history.json").read_text())


def weights(folder):
    return safetensors.torch.load_file(folder / "weights/model.safetensors")


def test_two_workers_learn_what_one_learns(cluster, trained, prices):
    """Rows are weighted and batches odd, so that the workers' shares differ."""
    told: list = []
    settings = {"model": MODEL, "epochs": 4, "batch_size": 33}
    one, _ = trained(prices, **settings)
    two, details = trained(prices, **settings, workers=2, progress=told.append)
    assert details["engine"] == {
        "name": "ray-train", "workers": 2, "threads": max(1, (os.cpu_count() or 1) // 2),
        "device": "cpu", "precision": "fp32",
    }  # fmt: skip
    assert details["recovered"] == 0
    assert told
    for name, expected in weights(one).items():
        torch.testing.assert_close(weights(two)[name], expected, rtol=1e-3, atol=1e-4)
    for mine, theirs in zip(history(two), history(one), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)


@pytest.mark.slow
def test_two_workers_learn_privately_what_one_learns(cluster, trained, prices):
    settings = {"model": MODEL, "epochs": 4, "batch_size": 33, "privacy": BUDGET}
    one, alone = trained(prices, **settings)
    two, together = trained(prices, **settings, workers=2)
    assert together["engine"]["workers"] == 2
    assert together["privacy"] == alone["privacy"]
    for name, expected in weights(one).items():
        torch.testing.assert_close(weights(two)[name], expected, rtol=1e-5, atol=1e-5)
    for mine, theirs in zip(history(two), history(one), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-5)


@pytest.mark.slow
def test_a_mistake_that_workers_find_is_told_as_one(cluster, trained, tabular):
    with pytest.raises(SpecError, match="'adamw'"):
        trained(tabular, model=MODEL, workers=2, optimizer="adamww")


@pytest.mark.slow
@pytest.mark.parametrize("privacy", [None, BUDGET], ids=["without privacy", "private"])
def test_a_killed_worker_is_replaced_and_the_weights_are_bitwise_the_same(
    cluster, trained, tabular, tmp_path, privacy
):
    settings = {"model": MODEL, "workers": 2, "epochs": 30, "patience": None, "checkpoint_seconds": 0.0}
    settings["privacy"] = privacy
    whole, _ = trained(tabular, **settings)
    scratch, victims = tmp_path / "scratch", []
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", private=tmp_path / "private")
    ledger.register("people")
    account = LedgerAccount(
        url=f"sqlite:///{tmp_path}/ledger.db", private=tmp_path / "private", dataset="people", run="killed"
    )

    def kill_first_worker() -> None:
        while not list((scratch / "train").glob("*.safetensors")):
            time.sleep(0.05)
        (pid,) = Board(scratch / "ray").starts()
        victims.append(pid)
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_first_worker)
    killer.start()
    out, details = trained(tabular, **settings, scratch=scratch, account=account)
    killer.join()
    assert len(victims) == 1
    assert details["recovered"] == details["engine"]["recovered"] == 1
    assert details["resumed_from"] is not None
    assert all(torch.equal(weights(out)[name], tensor) for name, tensor in weights(whole).items())
    assert [one.stage for one in ledger.reservations()] == (["settled"] if privacy else [])


def test_more_workers_than_cpus_are_refused():
    assert _threads(8, 3) == 2
    with pytest.raises(CombinationError, match="too small"):
        _threads(2, 3)
