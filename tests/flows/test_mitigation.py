"""Mitigation in the chain: from a CSV to a report, predictions and a verification."""

import json

import jsonschema
import pytest
from assay.audits.report import schema
from assay.flows.audit_stage import audit
from assay.flows.chain import Run, perform
from assay.flows.findings_file import from_bytes
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.scoring import score_file
from assay.flows.spec import parse_spec
from assay.flows.stages import wanted
from assay.flows.verification import verify_version
from assay.flows.version import open_version
from assay.platform.exceptions import DataError, SpecError
from assay.platform.predictor import Mixture, load_model

MITIGATE = {
    "method": "threshold",
    "over": "gender",
    "constraint": "demographic_parity",
    "gap": 0.1,
    "grid": 3,
}


@pytest.fixture(scope="module")
def mitigated(prefect_api, loans_spec, tmp_path_factory):
    """A home with one finished run whose thresholds differ by group."""
    home = tmp_path_factory.mktemp("home")
    spec = loans_spec(mitigate=MITIGATE)
    spec["data"]["split"] = {"test": 0.2, "validation": 0.3, "seed": 0}
    return home, run_spec(parse_spec(spec), home=home)


def test_the_mitigated_model_is_the_one_that_is_registered(mitigated):
    home, result = mitigated
    assert [stage.name for stage in result.stages][:4] == ["ingest", "train", "calibrate", "mitigate"]
    version = open_version(Home(home), "loans")
    assert version.model_path() == version.artifact("mitigate").path == result.path
    facts = json.loads((result.path / "mitigation.json").read_bytes())
    chosen = next(one for one in facts["candidates"] if one["name"] == facts["chosen"])
    within = [one for one in facts["candidates"] if one["gap"] <= facts["limit"]]
    assert chosen["accuracy"] == max(one["accuracy"] for one in within)


def test_the_report_shows_every_candidate_and_what_it_cost(mitigated):
    report = json.loads(mitigated[1].report["json"].read_bytes())
    jsonschema.validate(report, schema())
    found = report["mitigation"]
    assert [one["name"] for one in found["candidates"]] == [
        "none",
        "threshold-1",
        "threshold-2",
        "threshold-3",
    ]
    for one in found["candidates"]:
        accuracy, gap = one["test"]["accuracy"], one["test"]["gaps"]["demographic_parity_difference"]
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
        assert gap["low"] <= gap["value"] <= gap["high"]
    assert found["cost"]["total_seconds"] > 0
    assert "/mitigation/cost" in report["volatile"]
    chosen = next(one for one in found["candidates"] if one["name"] == found["chosen"])
    measured = report["performance"]["metrics"]["accuracy"]
    assert chosen["test"]["accuracy"] == {key: measured[key] for key in chosen["test"]["accuracy"]}


def test_the_report_is_made_again_from_the_stored_predictions_of_every_candidate(mitigated):
    found = verify_version(Home(mitigated[0]), "loans")
    assert found.differences == []
    assert "numbers of mitigation from stored predictions" in found.checked


def test_a_prediction_says_which_column_it_needs_and_why(mitigated, tmp_path):
    (tmp_path / "new.csv").write_text("income,debt,region\n50,3,north\n")
    with pytest.raises(DataError, match="'gender': its thresholds differ by it"):
        score_file(mitigated[1].path, tmp_path / "new.csv")


def test_the_same_person_gets_the_same_answer_in_any_file(mitigated, tmp_path):
    people = ["50,3,north,f", "52.5,9,south,m", "48,,east,", "51,4,north,neither"]
    answers = []
    for order in (people, people[::-1]):
        (tmp_path / "new.csv").write_text("\n".join(["income,debt,region,gender", *order]) + "\n")
        answers.append(score_file(mitigated[1].path, tmp_path / "new.csv")["prediction"].to_pylist())
    assert answers[0] == answers[1][::-1]


def test_groups_are_of_sensitive_columns_alone(loans_spec):
    from assay.flows.preflight import preflight

    with pytest.raises(SpecError, match="isn't sensitive"):
        preflight(parse_spec(loans_spec(mitigate={**MITIGATE, "over": "region"})))


@pytest.mark.parametrize("method", ["exponentiated_gradient", "correlation_removal"])
def test_what_has_no_gradient_or_other_features_is_audited_all_the_same(method, loans_spec, tmp_path):
    spec = loans_spec(mitigate={**MITIGATE, "method": method, "grid": 1, "iterations": 4, "gap": 0.0})
    spec["train"] = {"epochs": 4, "batch_size": 32, "learning_rate": 1e-2}
    run = Run.open(parse_spec(spec), Home(tmp_path / "home"))
    for stage in wanted(run.spec):
        if stage.name != "audit":
            perform(stage, run)
    model = run.path("mitigate") / "candidates" / f"{method}-1"
    (tmp_path / "audit").mkdir()
    audit(dataset=run.path("ingest"), model=model, config=run.spec.audit, out=tmp_path / "audit")
    found = from_bytes((tmp_path / "audit" / "findings.json").read_bytes())
    assert "permutation_importance" in found["explanation"].values["methods"]
    if method == "exponentiated_gradient":
        assert isinstance(load_model(model), Mixture)
        assert "/methods/integrated_gradients" in found["explanation"].missing
        assert "/adversarial" in found["stress"].missing
    else:
        attributed = found["explanation"].values["methods"]["integrated_gradients"]["global"]
        assert {line["feature"] for line in attributed} == {"income", "debt", "region"}
