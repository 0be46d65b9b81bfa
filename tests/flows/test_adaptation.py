"""Another domain from the spec to a verified report: no label of it reaches the model, and all is told."""

import json

import numpy as np
import pandas as pd
import pytest
from assay.audits.report import schema
from assay.flows.adaptation import TARGET, measure_adaptation
from assay.flows.chain import Run, perform
from assay.flows.charging import registered
from assay.flows.findings_file import from_bytes
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import load_spec, parse_spec
from assay.flows.stages import _domain, wanted
from assay.flows.verification import verify_version
from assay.platform.data.config import DataConfig
from assay.platform.exceptions import BudgetError, CombinationError, DataError
from assay.platform.privacy.ledger.events import NonPrivate
from assay.platform.training import train
from assay.platform.training.config import ModelConfig, TrainConfig
from jsonschema import Draft202012Validator

BRIEF = {
    "explain": {"rows": 16, "examples": 2},
    "fairness": {"replicates": 200},
    "robustness": {"rows": 40, "attack_rows": 10},
    "slices": {"enabled": False},
}


@pytest.fixture(scope="module")
def elsewhere(loans_spec, tmp_path_factory) -> pd.DataFrame:
    """The loans of a richer place, whose decisions were made by the same rule."""
    table = pd.read_csv(loans_spec()["data"]["source"].removeprefix("csv:"))
    return table.assign(income=table["income"] + 20, debt=table["debt"] * 2)


@pytest.fixture(scope="module")
def adapted_spec(loans_spec, elsewhere, tmp_path_factory):
    """The loans' spec beside that place; changes of the section `adapt` on top."""
    path = tmp_path_factory.mktemp("elsewhere") / "elsewhere.csv"
    elsewhere.to_csv(path, index=False)

    def spec(**changes):
        return loans_spec(adapt={"target": f"csv:{path}", "compare": True, **changes}, audit=BRIEF)

    return spec


@pytest.fixture(scope="module")
def home(prefect_api, adapted_spec, tmp_path_factory) -> Home:
    root = tmp_path_factory.mktemp("home")
    run_spec(parse_spec(adapted_spec()), home=root)
    return Home(root)


@pytest.fixture(scope="module")
def report(home) -> dict:
    return json.loads((home.version_folder("loans", 1) / "report.json").read_bytes())


def performed(document: dict, home: Home, *, until: str) -> Run:
    """The stages of a spec up to one of them."""
    run = Run.open(parse_spec(document), home)
    for stage in wanted(run.spec):
        perform(stage, run)
        if stage.name == until:
            break
    return run


def test_the_report_shows_both_domains_and_the_gain(report):
    found = report["adaptation"]
    Draft202012Validator(schema()).validate(report)
    assert found["domain"] == "csv:elsewhere.csv" == report["lineage"]["spec"]["adapt"]["target"]
    assert (found["method"], found["weight"]) == ("coral", 10.0)
    assert found["rows"] == {"joined": 480, "audited": 120, "unlabelled": 0}
    assert found["source"]["metrics"] == report["performance"]["metrics"]
    assert found["target"]["n"] == 120
    gap = found["target"]["metrics"]["accuracy"]["value"] - found["source"]["metrics"]["accuracy"]["value"]
    assert found["shift"]["accuracy"]["value"] == pytest.approx(gap)
    assert set(found["gain"]) == {"source", "target"}
    assert report["missing"]["/adaptation/groups"]


def test_what_is_said_is_verified_and_follows_from_the_predictions_alone(home, adapted_spec, tmp_path):
    found = verify_version(home, "loans")
    assert found.differences == []
    assert "numbers of adaptation from stored predictions" in found.checked
    run = performed(adapted_spec(), home, until="adaptation")
    stored = from_bytes((run.path("adaptation") / "findings.json").read_bytes())["adaptation"]
    artifacts = {name: made.artifact for name, made in run.outcomes.items()}
    for name in ("twin_target", "twin_source"):  # the twin in the model's place has gained nothing
        content = (run.path("adaptation") / f"{name}.parquet").read_bytes()
        (tmp_path / f"{name}.parquet").write_bytes(content)
    (tmp_path / "target.parquet").write_bytes((tmp_path / "twin_target.parquet").read_bytes())
    swapped = measure_adaptation(run.spec, artifacts, tmp_path)
    assert swapped.values["gain"]["target"]["accuracy"]["value"] == 0
    assert swapped.values["gain"]["source"] == stored.values["gain"]["source"]


def test_permuting_the_other_domains_labels_trains_nothing_again(home, adapted_spec, elsewhere, tmp_path):
    shuffled = elsewhere.assign(granted=np.random.default_rng(0).permutation(elsewhere["granted"]))
    shuffled.to_csv(tmp_path / "shuffled.csv", index=False)
    ours = performed(adapted_spec(), home, until="adaptation")
    again = performed(adapted_spec(target=f"csv:{tmp_path / 'shuffled.csv'}"), home, until="adaptation")
    assert again.digest(TARGET) == ours.digest(TARGET)
    assert again.outcomes["train"].cached
    assert again.digest("calibrate") == ours.digest("calibrate")
    assert again.digest("adaptation") != ours.digest("adaptation")


def test_the_twin_is_the_model_that_a_run_without_the_other_domain_has(home, adapted_spec, loans_spec):
    ours = performed(adapted_spec(), home, until="adaptation")
    plain = performed(loans_spec(), home, until="calibrate")
    assert plain.outcomes["train"].cached
    assert plain.digest("calibrate") == ours.digest("calibrate adapt none")
    assert plain.digest("calibrate") != ours.digest("calibrate")


def test_a_domain_without_labels_is_learned_from_and_said_to_be_unmeasured(
    prefect_api, adapted_spec, elsewhere, tmp_path
):
    elsewhere.drop(columns="granted").to_csv(tmp_path / "bare.csv", index=False)
    document = adapted_spec(target=f"csv:{tmp_path / 'bare.csv'}", method="dann", compare=False)
    run_spec(parse_spec(document), home=tmp_path / "home")
    place = Home(tmp_path / "home").version_folder("loans", 1)
    report = json.loads((place / "report.json").read_bytes())
    assert "target" not in report["adaptation"]
    assert "No test row" in report["missing"]["/adaptation/target"]
    assert "adapt.compare" in report["missing"]["/adaptation/gain"]
    assert report["missing"]["/adaptation/target"] in (place / "report.md").read_text(encoding="utf-8")
    assert verify_version(Home(tmp_path / "home"), "loans").differences == []


def test_another_domain_with_other_columns_is_refused_before_anything_is_trained(
    adapted_spec, elsewhere, tmp_path
):
    elsewhere.drop(columns="region").to_csv(tmp_path / "less.csv", index=False)
    with pytest.raises(DataError, match="'region'"):
        performed(
            adapted_spec(target=f"csv:{tmp_path / 'less.csv'}"), Home(tmp_path / "home"), until="target"
        )


def test_the_other_domains_rows_are_charged_and_their_budget_refuses(adapted_spec, elsewhere, tmp_path):
    home = Home(tmp_path / "home")
    source = adapted_spec()["adapt"]["target"]
    other = registered(home.ledger(), DataConfig(source=source))
    performed(adapted_spec(compare=False), home, until="train")
    charged = {one.dataset: one.ran for one in home.ledger().reservations()}
    assert len(charged) == 2
    assert charged[other] == NonPrivate()

    closed = Home(tmp_path / "closed")
    closed.ledger().set_budget(registered(closed.ledger(), DataConfig(source=source)), epsilon=3, delta=1e-5)
    with pytest.raises(BudgetError):
        performed(adapted_spec(), closed, until="train")
    assert closed.ledger().reservations() == ()


def test_a_cluster_is_refused_before_it_is_asked(home, adapted_spec, tmp_path):
    run = performed(adapted_spec(), home, until="target")
    with pytest.raises(CombinationError, match="several workers"):
        train(
            dataset=run.path("ingest"), model=ModelConfig(), config=TrainConfig(), out=tmp_path,
            scratch=tmp_path, ray_address="auto", domain=_domain(run),
        )  # fmt: skip


def test_a_relative_file_of_the_other_domain_lies_beside_the_spec(tmp_path):
    (tmp_path / "spec.yaml").write_text(
        "data: {source: 'csv:a.csv'}\nadapt: {target: 'csv:b.csv'}\n", encoding="utf-8"
    )
    spec = load_spec(tmp_path / "spec.yaml")
    assert spec.adapt is not None
    assert spec.adapt.target == f"csv:{tmp_path / 'b.csv'}"
