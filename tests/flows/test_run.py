"""The whole chain on small data: what a run makes, what a rerun finds, and what can't be faked afterwards."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from assay.audits.report import schema
from assay.flows import run as run_module
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.scoring import score_file
from assay.flows.spec import parse_spec
from assay.flows.verification import verify_version
from assay.flows.version import open_version
from assay.platform.exceptions import AssayError, ModelError, VerificationError
from assay.platform.store import canonical_json, tree_digest


@pytest.fixture(scope="module")
def finished(prefect_api, loans_spec, tmp_path_factory):
    """A home with one finished run."""
    home = tmp_path_factory.mktemp("home")
    return home, run_spec(parse_spec(loans_spec()), home=home)


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    """A copy of that home which a test may spoil."""
    return Path(shutil.copytree(finished[0], tmp_path / "home", symlinks=True))


def report_artifact(home: Path) -> Path:
    return open_version(Home(home), "loans").artifact("report").path


def test_a_run_ends_with_a_version_a_verdict_and_three_forms_of_report(finished):
    _, result = finished
    answer = result.to_json()
    assert list(answer) == ["model", "version", "path", "gate", "report", "stages"]
    assert (answer["model"], answer["version"], answer["gate"]) == ("loans", 1, "pass")
    assert [stage["name"] for stage in answer["stages"]] == [
        "ingest",
        "train",
        "calibrate",
        "audit",
        "report",
    ]
    assert all(stage["kwh"] > 0 and not stage["cached"] for stage in answer["stages"])
    assert all(path.stat().st_size > 1000 for path in result.report.values())


def test_the_report_keeps_to_its_published_schema(finished):
    report = json.loads(finished[1].report["json"].read_bytes())
    jsonschema.validate(report, schema())
    assert report["lineage"]["engine"]["name"] == "in-process"
    assert report["lineage"]["engine"]["workers"] == 1
    assert report["missing"]["/privacy/claimed"]


def test_an_unchanged_rerun_finds_the_version_and_starts_no_server(finished, loans_spec, monkeypatch):
    home, first = finished

    def refuse(*_: object) -> None:
        raise AssertionError("a server was started")

    monkeypatch.setattr(run_module, "PrefectServer", refuse)
    monkeypatch.delenv("PREFECT_API_URL")
    again = run_spec(parse_spec(loans_spec()), home=home)
    assert again.version == first.version
    assert all(stage.cached for stage in again.stages)


def test_a_rerun_imports_neither_torch_nor_prefect(finished, loans_spec, tmp_path):
    import yaml

    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(loans_spec()))
    code = (
        "import sys\nfrom assay.flows.spec import load_spec\nfrom assay.flows.run import run_spec\n"
        "from pathlib import Path\nrun_spec(load_spec(Path(sys.argv[1])), home=sys.argv[2])\n"
        "print([m for m in ('torch', 'prefect', 'pandas', 'sklearn', 'ray') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "spec.yaml"), str(finished[0])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_a_changed_policy_judges_the_same_model_as_a_new_version(finished, loans_spec, copied):
    spec = parse_spec(loans_spec(policy=[{"metric": "accuracy", "min": 0.999}]))
    result = run_spec(spec, home=copied)
    assert (result.version, result.gate, result.gate_exit_code) == (2, "fail", 3)
    assert {stage.name for stage in result.stages if not stage.cached} == {"report"}
    with pytest.raises(ModelError, match="gate: fail"):
        Home(copied).registry().promote("loans", 2)


def test_a_verified_version_differs_nowhere(finished):
    found = verify_version(Home(finished[0]), "loans@1")
    assert found.differences == []
    assert len(found.checked) > 10


def test_an_edited_number_is_named(copied):
    path = report_artifact(copied) / "report.json"
    path.write_text(path.read_text().replace('"accuracy"', '"accuracy" ', 1))
    found = verify_version(Home(copied), "loans")
    assert any("report.json has" in line for line in found.differences)


def test_a_number_edited_together_with_its_digests_is_still_named(copied):
    folder = report_artifact(copied)
    report = json.loads((folder / "report.json").read_bytes())
    report["performance"]["metrics"]["accuracy"]["value"] = 0.999
    (folder / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    forge_manifest(folder)
    found = verify_version(Home(copied), "loans")
    assert any("isn't the one in the registry" in line for line in found.differences)
    assert any("/performance/metrics/accuracy/value" in line for line in found.differences)
    assert "report.html rendered again: other bytes" not in "".join(found.checked)


def test_swapped_weights_are_named_and_neither_load_nor_pass(copied):
    version = open_version(Home(copied), "loans")
    folder = version.artifact("calibrate").path
    weights = folder / "weights" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.unlink()  # the train stage's artifact shares the file
    weights.write_bytes(content)
    forge_manifest(folder)
    with pytest.raises(VerificationError, match="isn't the one that was registered"):
        version.model_path()
    with pytest.raises(VerificationError):
        version.verdict()
    assert any("artifact calibrate" in line for line in verify_version(Home(copied), "loans").differences)


def test_predictions_that_were_improved_afterwards_are_named(copied):
    import pyarrow.parquet as pq

    folder = open_version(Home(copied), "loans").artifact("audit").path
    path = folder / "predictions" / "test.parquet"
    table = pq.read_table(path)
    better = table.set_column(table.column_names.index("y_pred"), "y_pred", table["y_true"])
    pq.write_table(better.replace_schema_metadata(table.schema.metadata), path)
    forge_manifest(folder)
    differences = verify_version(Home(copied), "loans").differences
    assert any(line.startswith("numbers of performance") for line in differences)


def forge_manifest(folder: Path) -> None:
    """Make a manifest fit its changed files, as somebody who knows the format would."""
    import hashlib

    manifest = json.loads((folder / "manifest.json").read_bytes())
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    manifest["digest"] = tree_digest({name: entry["sha256"] for name, entry in manifest["files"].items()})
    (folder / "manifest.json").write_bytes(canonical_json(manifest))


def test_a_corrupt_artifact_is_set_aside_and_made_again(copied, loans_spec, finished):
    model = open_version(Home(copied), "loans").artifact("train").path / "history.json"
    model.write_text("[]")
    result = run_spec(parse_spec(loans_spec()), home=copied)
    assert not next(stage for stage in result.stages if stage.name == "train").cached
    assert result.version == finished[1].version


def test_a_version_whose_report_is_gone_is_replaced_by_the_next_number(copied, loans_spec):
    shutil.rmtree(report_artifact(copied))
    result = run_spec(parse_spec(loans_spec()), home=copied)
    assert result.version == 2
    assert Home(copied).registry().version("loans", 2).digests["replaces"] == "1"


def test_predict_takes_unseen_categories_and_missing_values(finished, tmp_path):
    rows = tmp_path / "new.csv"
    rows.write_text("debt,income,region\n3.5,,north\n,61.0,atlantis\n9,44,\n")
    scored = score_file(open_version(Home(finished[0]), "loans").model_path(), rows)
    assert scored.column_names == ["prediction", "score_no", "score_yes"]
    totals = scored["score_no"].to_numpy() + scored["score_yes"].to_numpy()
    assert totals == pytest.approx(1, abs=2e-6)


def test_predict_names_a_column_that_is_not_there(finished, tmp_path):
    rows = tmp_path / "new.csv"
    rows.write_text("debt,region\n3.5,north\n")
    with pytest.raises(AssayError, match="income"):
        score_file(open_version(Home(finished[0]), "loans").model_path(), rows)


def test_a_prefect_server_that_does_not_answer_is_a_clear_error(loans_spec, tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(AssayError, match="no Prefect server answers"):
        run_spec(parse_spec(loans_spec()), home=tmp_path)


def test_the_flow_runs_by_its_module_path_from_another_folder(prefect_api, loans_spec, tmp_path):
    code = (
        "import json, sys\nfrom prefect import Flow\nfrom prefect.flows import load_flow_from_entrypoint\n"
        "flow = load_flow_from_entrypoint('assay.flows.pipeline.pipeline')\n"
        "print(json.dumps(flow(json.loads(sys.argv[1]), sys.argv[2])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(loans_spec()), str(tmp_path / "home")],
        capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PREFECT_API_URL": prefect_api},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["version"] == 1
