"""Canary rows through the chain: attacked by outputs, judged by gates, told on the page, computed again."""

import json
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from assay.audits.report import faults, render_html, schema
from assay.flows.chain import Run
from assay.flows.home import Home
from assay.flows.verification import verify_version
from assay.platform.privacy.canaries.scores import CANARY_ROWS, CanaryScores
from assay.platform.privacy.noise import GaussianNoise

BLACK_BOX = "epsilon_lower_black_box"
ROWS = 120
QUICK = {
    "explain": {"methods": ["permutation_importance"], "rows": 32, "examples": 1},
    "fairness": {"replicates": 50},
    "robustness": {"tests": []},
    "slices": {"enabled": False},
}


@pytest.fixture(scope="module")
def document(loans_spec):
    """Loans with canary rows; `privacy` and `train` on top of what is usual."""

    def spec(privacy=None, train=None, **changes) -> dict:
        return loans_spec(
            privacy={"epsilon": 3.0, "delta": 1e-5, "accountant": "rdp", "canary_rows": ROWS}
            | (privacy or {}),
            train={"epochs": 2, "batch_size": 64, "patience": None} | (train or {}),
            audit=QUICK,
            policy=[{"metric": "epsilon", "max": 3.0}, {"metric": "epsilon_lower", "max": 3.0}],
            **changes,
        )

    return spec


@pytest.fixture(scope="module")
def private(chained, document, tmp_path_factory) -> tuple[Path, Run, dict]:
    home = tmp_path_factory.mktemp("canary_rows")
    return home, *chained(home, document())


def test_both_attacks_stand_in_the_report_and_an_honest_claim_is_kept(private):
    report = private[2]
    claimed, audited = report["privacy"]["claimed"], report["privacy"]["audited"]
    assert (audited["epsilon_lower"]["n"], audited[BLACK_BOX]["n"]) == (1000, ROWS)
    assert audited[BLACK_BOX]["delta"] == claimed["delta"]
    assert audited[BLACK_BOX]["value"] <= claimed["epsilon"]
    # The attack on the steps could have refuted the claim, whatever so few rows could.
    assert [check["status"] for check in report["policy"]["checks"]] == ["pass", "pass"]
    jsonschema.validate(report, schema())
    assert faults(report) == []
    assert "Shown by an attack on its outputs" in render_html(report)


def test_the_model_learned_from_what_was_left_and_only_that_is_attacked_as_members(private):
    _, started, _ = private
    train = pq.read_table(started.path("ingest") / "train.parquet")
    coins = CanaryScores.from_parquet(started.path("train") / CANARY_ROWS).included
    labels = json.loads((started.path("train") / "labels.json").read_bytes())
    members = pq.read_table(started.path("audit") / "predictions" / "members.parquet")["member"].to_numpy()
    assert labels["train"] == train.num_rows - np.count_nonzero(~coins)
    assert len(labels["train_rows"]) == members.sum() == train.num_rows - ROWS


def test_nothing_of_the_draw_is_left_but_scores_and_coins(private):
    home, started, _ = private
    table = pq.read_table(started.path("train") / CANARY_ROWS)
    assert table.column_names == ["score", "included"]
    assert not any((home / "store" / "scratch").rglob("canary_rows"))


def test_what_asks_the_model_about_train_rows_is_said_not_to_be_covered(chained, document, tmp_path):
    told = document() | {"audit": QUICK | {"privacy": {"attacks": []}}}
    _, report = chained(tmp_path, told)
    assert BLACK_BOX in report["privacy"]["audited"]
    assert any("canary rows" in one["what"] for one in report["privacy"]["uncovered"])


def test_verify_computes_the_bound_again_and_sees_changed_coins(private, tmp_path):
    home = Path(shutil.copytree(private[0], tmp_path / "home", symlinks=True))
    assert verify_version(Home(home), "loans@1").differences == []
    kept = home / "store" / private[1].path("audit").relative_to(private[0] / "store") / "predictions"
    file = kept / CANARY_ROWS
    found = CanaryScores.from_parquet(file)
    file.chmod(0o644)
    CanaryScores(scores=found.scores, included=~found.included, delta=found.delta).to_parquet(file)
    assert any("audit" in line for line in verify_version(Home(home), "loans@1").differences)


def test_a_claim_that_the_outputs_alone_refute_fails_the_gate(chained, document, tmp_path, monkeypatch):
    monkeypatch.setattr(GaussianNoise, "fill", lambda noise, buffer, deviation: buffer.zero_())
    told = document(
        privacy={"epsilon": 0.1, "canaries": 0, "max_grad_norm": 10.0, "noise_seed": 0},
        train={"epochs": 60, "batch_size": 32, "learning_rate": 1e-2, "keep": "last", "weight_decay": 0.0},
        model={"architecture": "mlp", "options": {"width": 256, "depth": 2}},
    )
    _, report = chained(tmp_path, told)
    audited = report["privacy"]["audited"]
    assert "epsilon_lower" not in audited
    assert audited[BLACK_BOX]["value"] > 0.1 >= report["privacy"]["claimed"]["epsilon"]
    claim = report["policy"]["checks"][0]
    assert claim["status"] == report["policy"]["status"] == "fail"
    assert "refuted by an attack" in claim["reason"]
    assert "refuted: an attack shows at least" in render_html(report)
