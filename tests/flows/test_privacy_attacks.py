"""The attacks of a run: who is attacked, what the gates make of it, and that anyone can compute it again."""

import json
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from assay.audits.privacy.confidence import loss_threshold
from assay.audits.report import schema
from assay.flows.chain import Run
from assay.flows.home import Home
from assay.flows.verification import verify_version
from assay.platform.predictor import load_model
from assay.platform.privacy.canaries.scores import CanaryScores
from assay.platform.privacy.noise import GaussianNoise
from sklearn.metrics import roc_auc_score

BOOK = {
    "numbers": {"income": [0, 25, 50, 75, 100], "debt": [0, 5, 10, 20, 60]},
    "categories": {"region": ["north", "south", "east"]},
}
PRIVACY = {"epsilon": 3.0, "delta": 1e-5, "accountant": "rdp"}
QUICK = {
    "explain": {"methods": ["permutation_importance"], "rows": 32, "examples": 1},
    "fairness": {"replicates": 50},
    "robustness": {"tests": []},
    "slices": {"enabled": False},
}
CLAIMED = [{"metric": "epsilon", "max": 3.0}]


@pytest.fixture(scope="module")
def document(loans_spec):
    """Loans whose model learns for six epochs; further changes on top."""

    def spec(privacy=PRIVACY, audit=None, **changes) -> dict:
        found = loans_spec(
            **{
                "train": {"epochs": 6, "batch_size": 64, "learning_rate": 1e-2, "patience": None},
                "model": {"architecture": "mlp", "options": {"width": 32, "depth": 2}},
                "audit": QUICK | {"privacy": audit or {}},
                "policy": CLAIMED,
                **changes,
            }
        )
        if privacy is None:
            return found
        return found | {"privacy": privacy, "data": found["data"] | {"codebook": BOOK}}

    return spec


@pytest.fixture(scope="module")
def private(chained, document, tmp_path_factory) -> tuple[Path, Run, dict]:
    home = tmp_path_factory.mktemp("private")
    return home, *chained(home, document())


def test_an_honest_private_run_is_attacked_keeps_its_claim_and_says_what_could_have_been_shown(private):
    report = private[2]
    claimed, audited = report["privacy"]["claimed"], report["privacy"]["audited"]
    assert claimed["canaries"] == audited["epsilon_lower"]["n"] == 1000
    assert audited["epsilon_lower"]["delta"] == claimed["delta"] == 1e-5
    assert audited["epsilon_lower"]["value"] <= claimed["epsilon"] < audited["epsilon_lower"]["detectable"]
    assert report["policy"]["status"] == "pass"
    jsonschema.validate(report, schema())


def test_the_canaries_of_the_audit_are_those_of_the_training(private):
    _, started, _ = private
    trained, audited = (
        CanaryScores.from_parquet(path)
        for path in (
            started.path("train") / "canaries.parquet",
            started.path("audit") / "predictions" / "canaries.parquet",
        )
    )
    np.testing.assert_array_equal(trained.scores, audited.scores)
    np.testing.assert_array_equal(trained.included, audited.included)


def test_members_are_the_train_rows_and_the_others_the_test_rows(private):
    _, started, report = private
    table = pq.read_table(started.path("audit") / "predictions" / "members.parquet")
    member = table["member"].to_numpy()
    rows = {split: pq.read_table(started.path("ingest") / f"{split}.parquet") for split in ("train", "test")}
    assert (member.sum(), (~member).sum()) == (rows["train"].num_rows, rows["test"].num_rows)
    predictor = load_model(started.path("calibrate"))
    logits = predictor.outputs(rows["train"])
    outputs = np.stack([table["output_0"].to_numpy(), table["output_1"].to_numpy()], axis=1)
    np.testing.assert_allclose(outputs[member], logits, rtol=1e-4, atol=1e-6)
    area = report["privacy"]["audited"]["membership"]["loss_threshold"]["mia_auc"]["value"]
    expected = roc_auc_score(member, loss_threshold(outputs, table["y_true"].to_numpy()))
    assert area == pytest.approx(expected, abs=1e-6)


def test_verification_computes_the_attacks_again_and_finds_a_coin_that_was_turned(private, tmp_path):
    home = Path(shutil.copytree(private[0], tmp_path / "home", symlinks=True))
    found = verify_version(Home(home), "loans@1")
    assert "numbers of privacy from stored predictions" in found.checked
    assert found.differences == []
    audit = next((home / "store").rglob("predictions/canaries.parquet"))
    kept = CanaryScores.from_parquet(audit)
    audit.chmod(0o644)
    CanaryScores(scores=kept.scores, included=~kept.included, delta=kept.delta).to_parquet(audit)
    assert any("audit" in line for line in verify_version(Home(home), "loans@1").differences)


def test_noise_switched_off_behind_the_engine_s_back_fails_the_gate_of_a_claim_of_3(
    chained, document, tmp_path, monkeypatch
):
    monkeypatch.setattr(GaussianNoise, "fill", lambda noise, buffer, deviation: buffer.zero_())
    policy = [*CLAIMED, {"metric": "epsilon_lower", "max": 3.0}]
    _, report = chained(tmp_path, document(policy=policy))
    assert report["privacy"]["claimed"]["epsilon"] <= 3.0
    assert [check["status"] for check in report["policy"]["checks"]] == ["fail", "fail"]
    assert "refuted by an attack" in report["policy"]["checks"][0]["reason"]
    assert report["policy"]["status"] == "fail"


def test_where_no_attack_is_asked_for_no_train_row_is_asked_anything(chained, document, tmp_path):
    told = document(privacy=PRIVACY | {"canaries": 0}, audit={"attacks": []}, policy=[])
    started, report = chained(tmp_path, told)
    assert not {"members.parquet", "canaries.parquet"} & {
        path.name for path in (started.path("audit") / "predictions").iterdir()
    }
    assert report["missing"]["/privacy/audited"] == "no attack was asked for"
    jsonschema.validate(report, schema())


def test_too_few_canaries_for_the_claim_are_inconclusive(chained, document, tmp_path):
    policy = [{"metric": "epsilon_lower", "max": 3.0}, {"metric": "mia_auc", "max": 0.9}]
    _, report = chained(tmp_path, document(privacy=PRIVACY | {"canaries": 50}, policy=policy))
    (shown, members) = report["policy"]["checks"]
    assert (shown["status"], members["status"]) == ("inconclusive", "pass")
    assert report["privacy"]["audited"]["epsilon_lower"]["detectable"] < 3.0


def test_a_model_without_privacy_that_learned_by_heart_is_found_out_by_both_attacks(
    chained, document, tmp_path
):
    by_heart = {"epochs": 60, "batch_size": 32, "learning_rate": 1e-2, "patience": None, "keep": "last",
                "weight_decay": 0.0}  # fmt: skip
    asked = {"attacks": ["loss_threshold", "lira"], "shadows": 8}
    policy = [{"metric": "epsilon", "max": 3.0}, {"metric": "mia_auc", "max": 0.55}]
    told = document(privacy=None, audit=asked, train=by_heart, policy=policy)
    told["model"] = {"architecture": "mlp", "options": {"width": 64, "depth": 3}}
    told["data"] = told["data"] | {"split": {"test": 0.4, "validation": 0.1}}
    started, report = chained(tmp_path, told)
    audited = report["privacy"]["audited"]
    attacks = {name: found["mia_auc"]["value"] for name, found in audited["membership"].items()}
    assert attacks.keys() == {"loss_threshold", "lira"}
    assert min(attacks.values()) > 0.57
    assert "epsilon_lower" not in audited
    claimed, members = report["policy"]["checks"]
    assert (claimed["status"], members["status"]) == ("inconclusive", "fail")
    assert not (started.path("train") / "canaries.parquet").exists()
    assert "canaries" in report["missing"]["/privacy/audited/epsilon_lower"]


def test_only_rows_whose_labels_were_looked_at_are_members(chained, document, tmp_path):
    few = {"epochs": 1, "batch_size": 32, "label_fraction": 0.25}
    started, _ = chained(tmp_path, document(privacy=None, train=few, policy=[]))
    table = pq.read_table(started.path("audit") / "predictions" / "members.parquet")
    labels = json.loads((started.path("train") / "labels.json").read_bytes())
    assert int(table["member"].to_numpy().sum()) == labels["train"] == len(labels["train_rows"])
