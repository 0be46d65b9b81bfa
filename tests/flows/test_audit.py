"""`assay audit`: what Assay did not train becomes a version like any other, or is refused in words."""

import json

import jsonschema
import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
import yaml
from assay.audits.report import schema
from assay.flows import api
from assay.flows.external import audit_external, spec_of_model, spec_of_predictions
from assay.flows.home import Home
from assay.flows.verification import verify_version
from assay.flows.version import open_version
from assay.platform.exceptions import ModelError, UsageError
from assay.platform.predictor import load_model
from sklearn.linear_model import LogisticRegression
from typer.testing import CliRunner

COLUMNS = ("income", "debt")


def scored(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    score = rng.random(rows)
    return pd.DataFrame(
        {
            "granted": np.where(rng.random(rows) < score, "yes", "no"),
            "said": np.where(score > 0.5, "yes", "no"),
            "score": score,
            "sex": rng.choice(["f", "m"], rows),
            "name": [f"person {i}" for i in range(rows)],
        }
    )


@pytest.fixture
def predictions(tmp_path):
    path = tmp_path / "bank.csv"
    scored().to_csv(path, index=False)
    return path


def invoke(*arguments: object):
    from assay.flows.cli import app

    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def asked(predictions, home, *more):
    return invoke(
        "audit", "--predictions", predictions, "--target", "granted", "--prediction", "said",
        "--score", "score", "--sensitive", "sex", "--home", home, *more,
    )  # fmt: skip


def test_predictions_in_a_file_become_a_version_that_verifies(predictions, tmp_path):
    limits = tmp_path / "policy.yaml"
    limits.write_text(yaml.safe_dump({"policy": [{"metric": "accuracy", "min": 0.6}]}))
    found = asked(predictions, tmp_path / "home", "--policy", limits, "--gate", "--json")
    assert found.exit_code == 0, found.output
    answer = json.loads(found.stdout)
    assert (answer["model"], answer["version"], answer["gate"]) == ("bank", 1, "pass")
    report = json.loads((tmp_path / "home" / "models" / "bank" / "1" / "report.json").read_bytes())
    assert report["performance"]["n"] == 400
    assert "expected_calibration_error" in report["calibration"]["metrics"]
    assert set(report["fairness"]["attributes"]) == {"sex"}
    jsonschema.validate(report, schema())
    for room in ("/explanation", "/training", "/slices"):
        assert room in report["missing"]
    assert str(tmp_path) not in json.dumps(report)
    verified = verify_version(Home.find(tmp_path / "home"), "bank")
    assert not verified.differences
    assert open_version(Home.find(tmp_path / "home"), "bank").verdict()["status"] == "pass"


def test_the_same_predictions_are_the_same_version_and_other_columns_are_not_kept(predictions, tmp_path):
    home = tmp_path / "home"
    first = json.loads(asked(predictions, home, "--json").stdout)
    again = json.loads(asked(predictions, home, "--json").stdout)
    assert again["version"] == first["version"] == 1
    assert all(stage["cached"] for stage in again["stages"])
    for file in (home / "store").rglob("*"):
        assert not file.is_file() or b"person 7" not in file.read_bytes()


@pytest.mark.parametrize(
    ("limits", "code"), [({"min": 0.99}, 3), ({"min": 0.75}, 4)], ids=["fails", "undecided"]
)
def test_a_gate_on_predictions_ends_in_its_exit_code(predictions, tmp_path, limits, code):
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump({"policy": [{"metric": "accuracy", **limits}]}))
    found = asked(predictions, tmp_path / "home", "--policy", tmp_path / "policy.yaml", "--gate")
    assert found.exit_code == code, found.output


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "grantd"}, "granted"),
        ({"target": None}, "--target"),
        ({"prediction": None}, "--prediction"),
        ({"sensitive": ("gender",)}, "no column"),
        ({"positive": "ja"}, "no class"),
        ({"name": "../up"}, "name"),
    ],
)
def test_what_a_file_lacks_is_said(predictions, tmp_path, changes, said):
    facts = {"target": "granted", "prediction": "said"} | changes
    with pytest.raises(UsageError, match=said):
        audit_external(spec_of_predictions(predictions, **facts), home=tmp_path / "home")


def test_audit_needs_one_thing_to_audit():
    assert invoke("audit").exit_code != 0


@pytest.fixture
def people(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(300, 2)), columns=COLUMNS)
    table["sex"] = rng.choice(["f", "m"], 300)
    table["granted"] = np.where(table["income"] - table["debt"] + rng.normal(size=300) > 0, "yes", "no")
    table.to_csv(tmp_path / "people.csv", index=False)
    document = {
        "name": "theirs",
        "data": {"source": "csv:people.csv", "target": "granted", "sensitive": ["sex"], "positive": "yes"},
        "audit": {
            "explain": {"rows": 16, "examples": 1},
            "fairness": {"replicates": 50},
        },
        "policy": [{"metric": "accuracy", "min": 0.5}],
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document))
    return table


def test_a_model_of_another_library_becomes_a_version_that_verifies(people, tmp_path):
    model = LogisticRegression().fit(people[list(COLUMNS)], people["granted"])
    skops.io.dump(model, tmp_path / "model.skops")
    spec = spec_of_model(tmp_path / "model.skops", tmp_path / "spec.yaml")
    result = audit_external(spec, home=tmp_path / "home")
    assert result.gate == "pass"
    report = json.loads(result.report["json"].read_bytes())
    jsonschema.validate(report, schema())
    assert report["model"]["architecture"] == "scikit-learn LogisticRegression"
    assert set(report["performance"]["baselines"]) >= {"majority_class", "logistic_regression"}
    assert report["explanation"]["methods"]
    assert report["lineage"]["spec"]["external"]["model"] == "model.skops"
    assert str(tmp_path) not in json.dumps(report)
    (tmp_path / "model.skops").unlink()  # the version holds a copy
    assert not verify_version(Home.find(tmp_path / "home"), "theirs").differences
    kept = load_model(open_version(Home.find(tmp_path / "home"), "theirs").model_path())
    assert kept.classes == ("no", "yes")


def test_a_torch_module_is_audited_from_python(people, tmp_path):
    module = torch.nn.Linear(2, 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[-1.0, 1.0], [1.0, -1.0]]))

    def inputs(table):
        return torch.tensor(
            np.stack([table[name].to_numpy() for name in COLUMNS], axis=1), dtype=torch.float32
        )

    result = api.audit(
        module, spec=tmp_path / "spec.yaml", inputs=inputs, name="ours", home=tmp_path / "home"
    )
    report = json.loads(result.report["json"].read_bytes())
    assert report["model"]["architecture"] == "torch Linear"
    assert report["performance"]["metrics"]["accuracy"]["value"] > 0.7
    assert not verify_version(Home.find(tmp_path / "home"), "ours").differences


def test_a_module_needs_inputs_and_a_pickle_is_refused(people, tmp_path):
    with pytest.raises(UsageError, match="inputs"):
        api.audit(torch.nn.Linear(2, 2), spec=tmp_path / "spec.yaml", home=tmp_path / "home")
    (tmp_path / "model.pkl").write_bytes(b"")
    with pytest.raises(ModelError, match="pickle"):
        api.audit(tmp_path / "model.pkl", spec=tmp_path / "spec.yaml", home=tmp_path / "home")
    with pytest.raises(UsageError, match="no model"):
        spec_of_model(tmp_path / "none.onnx", tmp_path / "spec.yaml")
    with pytest.raises(UsageError, match="--spec"):
        spec_of_model(tmp_path / "model.pkl", None)
