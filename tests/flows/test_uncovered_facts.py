"""Each fact is read from what a run left behind: one change of it, one change of the facts."""

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from assay.audits.findings import Findings
from assay.flows.chain import Run, perform
from assay.flows.findings_file import to_bytes
from assay.flows.home import Home
from assay.flows.spec import parse_spec
from assay.flows.stages import wanted
from assay.flows.uncovered_facts import facts_of, uncovered_of
from assay.platform.privacy.uncovered import RunFacts

SPEC = {
    "name": "loans",
    "data": {"source": "csv:loans.csv", "target": "sum"},
    "train": {"keep": "last", "patience": None},
    "privacy": {"epsilon": 2.0},
}
PRIVATE = {"privacy": {"secret_noise": True}, "preprocessing": "given"}
QUIET = dict.fromkeys(RunFacts.__dataclass_fields__, False) | {
    "secret_noise": True,
    "preprocessing": "given",
    "pretraining": "none",
    "mitigated_by": "nothing",
    "uncounted_trials": 0,
    "plain_models": 0,
    "private_models": 0,
}
FINDINGS = {name: {} for name in ("performance", "explanation", "stress", "robustness", "privacy")}


class Left:
    """What a run left behind that did nothing but noisy steps, and whatever is changed about it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.spec: dict[str, Any] = dict(SPEC)
        self.findings: dict[str, Any] = dict(FINDINGS)
        self.ledger: dict[str, Any] | None = None
        self.details: dict[str, dict[str, Any]] = {
            "ingest": {"splits": {}, "dealt": 0},
            "train": PRIVATE,
            "calibrate": {"rows": 0},
            "audit": {"rows": 0},
        }
        self.write("ingest", "schema.json", {"columns": [], "classes": [], "bands": {}})
        self.write("train", "history.json", [{"epoch": 1}])
        (folder / "audit" / "pictures").mkdir(parents=True)

    def write(self, stage: str, name: str, content: Any) -> None:
        (self.folder / stage).mkdir(exist_ok=True)
        (self.folder / stage / name).write_text(json.dumps(content))

    def facts(self) -> dict[str, Any]:
        found = {name: Findings(values=values) for name, values in self.findings.items()}
        (self.folder / "audit" / "findings.json").write_bytes(to_bytes(found))
        artifacts: Any = {
            name: SimpleNamespace(path=self.folder / name, manifest=SimpleNamespace(details=details))
            for name, details in self.details.items()
        }
        return asdict(facts_of(parse_spec(self.spec), artifacts, self.ledger))


@pytest.fixture
def left(tmp_path) -> Left:
    return Left(tmp_path)


def schema(left: Left, **changes: Any) -> None:
    left.write("ingest", "schema.json", {"columns": [], "classes": [], "bands": {}, **changes})


def validated(left: Left) -> None:
    left.write("train", "history.json", [{"epoch": 1, "validation_loss": 0.7}])


def beside(left: Left, name: str, details: dict[str, Any]) -> None:
    left.details[name] = details


def pretrained(left: Left, preprocessing: str, *, secret_noise: bool = True) -> None:
    left.details["train"] = PRIVATE | {"preprocessing": "pretraining"}
    mechanism = {"privacy": {"secret_noise": secret_noise}}
    left.details["pretrain"] = mechanism | {"preprocessing": preprocessing}


def method(left: Left, name: str, **section: Any) -> None:
    left.findings["explanation"] = {"methods": {name: section}}


CHANGES = {
    "seeded noise": (
        lambda left: left.details.update(train=PRIVATE | {"privacy": {"secret_noise": False}}),
        {"secret_noise": False},
    ),
    "fitted preprocessing": (
        lambda left: left.details.update(train=PRIVATE | {"preprocessing": "train rows"}),
        {"preprocessing": "train rows"},
    ),
    "preprocessing that pretraining fitted": (
        lambda left: pretrained(left, "train rows"),
        {"preprocessing": "train rows", "pretraining": "composed"},
    ),
    "preprocessing that pretraining was given": (
        lambda left: pretrained(left, "given"),
        {"pretraining": "composed"},
    ),
    "an epoch of pretraining that validation rows told": (
        lambda left: (
            pretrained(left, "given"),
            left.write("pretrain", "history.json", [{"epoch": 1, "validation_loss": 0.7}]),
        ),
        {"pretraining": "composed", "epoch_by_validation": True, "validation_losses_released": True},
    ),
    "pretraining with seeded noise": (
        lambda left: pretrained(left, "given", secret_noise=False),
        {"pretraining": "composed", "secret_noise": False},
    ),
    "classes": (lambda left: schema(left, classes=["no", "yes"]), {"schema_inferred": True}),
    "an inferred kind": (
        lambda left: schema(left, columns=[{"why": "all values are numbers"}]),
        {"schema_inferred": True},
    ),
    "a declared kind": (lambda left: schema(left, columns=[{"why": "declared in data.columns"}]), {}),
    "read edges": (lambda left: schema(left, bands={"age": [30, 50]}), {"schema_inferred": True}),
    "declared edges": (
        lambda left: (
            schema(left, bands={"age": [30, 50]}),
            left.spec.update(data={**SPEC["data"], "bands": {"age": [30, 50]}}),
        ),
        {},
    ),
    "counted rows": (
        lambda left: left.details.update(ingest={"splits": {"train": 9}, "dealt": 0}),
        {"row_count_released": True},
    ),
    "a datasheet": (
        lambda left: left.write("ingest", "datasheet.json", {}),
        {"datasheet_released": True},
    ),
    "a table of clients": (lambda left: left.write("train", "clients.json", {}), {"clients_told": True}),
    "training losses": (
        lambda left: left.write("train", "history.json", [{"epoch": 1, "train_loss": 0.7}]),
        {"train_losses_released": True},
    ),
    "withheld losses": (
        lambda left: left.write("train", "history.json", [{"epoch": 1, "train_loss": None}]),
        {},
    ),
    "validation losses": (validated, {"validation_losses_released": True}),
    "the best epoch": (
        lambda left: (validated(left), left.spec.update(train={"keep": "best", "patience": None})),
        {"validation_losses_released": True, "epoch_by_validation": True},
    ),
    "early stopping": (
        lambda left: (validated(left), left.spec.update(train={"keep": "last", "patience": 2})),
        {"validation_losses_released": True, "epoch_by_validation": True},
    ),
    "the best epoch of none that was validated": (
        lambda left: left.spec.update(train={"keep": "best", "patience": 2}),
        {},
    ),
    "a temperature": (
        lambda left: left.details.update(calibrate={"rows": 9, "temperature": 1.2}),
        {"calibrated_on_validation": True},
    ),
    "audited rows": (lambda left: left.details.update(audit={"rows": 9}), {"test_metrics_released": True}),
    "explained rows": (
        lambda left: method(left, "permutation_importance", examples=[{"row": 3}]),
        {"examples_released": True},
    ),
    "no explained rows": (lambda left: method(left, "permutation_importance", examples=[]), {}),
    "errors that are browsed": (
        lambda left: left.findings.update(
            explanation={"error_browser": {"sex": {"groups": {"f": {"examples": [{"row": 3}]}}}}}
        ),
        {"examples_released": True},
    ),
    "pictures": (
        lambda left: (left.folder / "audit" / "pictures" / "3.png").touch(),
        {"examples_released": True},
    ),
    "attributions": (
        lambda left: method(left, "integrated_gradients", examples=[]),
        {"train_values_released": True},
    ),
    "foreign rows": (
        lambda left: left.findings.update(stress={"foreign_rows": {"n": 9}}),
        {"train_values_released": True},
    ),
    "an attack on inputs": (
        lambda left: left.findings.update(stress={"adversarial": {"n": 9}}),
        {"train_values_released": True},
    ),
    "plain pretraining": (lambda left: beside(left, "pretrain", {}), {"pretraining": "train rows"}),
    "private pretraining": (
        lambda left: beside(left, "pretrain", PRIVATE),
        {"pretraining": "composed"},
    ),
    "a scored representation": (
        lambda left: (
            beside(left, "pretrain", PRIVATE),
            left.write("pretrain", "evaluation.json", {}),
        ),
        {"pretraining": "composed", "representation_scored": True},
    ),
    "a private twin": (lambda left: beside(left, "train seed 1", PRIVATE), {"private_models": 1}),
    "a plain twin": (lambda left: beside(left, "train epsilon none", {}), {"plain_models": 1}),
    "thresholds of groups": (
        lambda left: left.spec.update(mitigate={"method": "threshold", "over": "sex"}),
        {"mitigated_by": "validation rows"},
    ),
    "weights of groups": (
        lambda left: left.spec.update(mitigate={"method": "reweighing", "over": "sex"}),
        {"mitigated_by": "train rows"},
    ),
    "baselines": (
        lambda left: left.findings.update(performance={"baselines": {"ridge": {}}}),
        {"baselines_released": True},
    ),
    "members that were attacked": (
        lambda left: left.findings.update(
            privacy={"membership": {"loss_threshold": {"mia_auc": {"value": 0.5}}}}
        ),
        {"members_attacked": True},
    ),
    "shadow models": (
        lambda left: left.findings.update(privacy={"membership": {"lira": {"mia_auc": {"value": 0.5}}}}),
        {"members_attacked": True, "shadows_trained": True},
    ),
    "splits that were drawn": (
        lambda left: left.details.update(ingest={"splits": {}, "dealt": 600}),
        {"dealt_together": True},
    ),
    "a part of the labels": (
        lambda left: left.spec.update(train=SPEC["train"] | {"label_fraction": 0.5}),
        {"dealt_together": True},
    ),
    "members that were not": (
        lambda left: left.findings.update(privacy={"membership": {"lira": {}}}),
        {},
    ),
    "prediction sets": (
        lambda left: left.findings.update(robustness={"conformal": {}}),
        {"sets_by_validation": True},
    ),
    "abstention": (
        lambda left: left.findings.update(robustness={"abstention": {}}),
        {"sets_by_validation": True},
    ),
    "another run": (
        lambda left: setattr(left, "ledger", {"own": {"a": "loans@2"}, "runs": [{"run": "a"}, {"run": "b"}]}),
        {"uncounted_trials": 1},
    ),
    "this run alone": (
        lambda left: setattr(left, "ledger", {"own": {"a": "loans@2"}, "runs": [{"run": "a"}]}),
        {},
    ),
}


def test_noisy_steps_alone_leave_no_fact(left):
    assert left.facts() == QUIET


@pytest.mark.parametrize("change", CHANGES)
def test_one_thing_that_a_run_did_is_one_fact(left, change):
    do, expected = CHANGES[change]
    do(left)
    assert left.facts() == QUIET | expected


def test_every_fact_is_changed_by_something():
    changed = {name for _, expected in CHANGES.values() for name in expected}
    assert changed == set(RunFacts.__dataclass_fields__)


@pytest.fixture(scope="module")
def private(loans_spec, tmp_path_factory) -> tuple[Any, dict[str, Any]]:
    """A real private run up to its audit, without Prefect: its spec and its artifacts."""
    document = loans_spec(privacy={"epsilon": 4.0, "delta": 1e-4, "accountant": "rdp", "noise_seed": 1})
    spec = parse_spec(document)
    run = Run.open(spec, Home(tmp_path_factory.mktemp("private")))
    return spec, {stage.name: perform(stage, run).artifact for stage in wanted(spec)}


def test_a_real_run_lists_what_it_really_did(private):
    facts = facts_of(*private, None)
    assert not facts.secret_noise
    assert (facts.preprocessing, facts.pretraining, facts.mitigated_by) == ("train rows", "none", "nothing")
    assert facts.schema_inferred
    assert facts.epoch_by_validation
    assert facts.calibrated_on_validation
    assert facts.baselines_released
    assert facts.train_values_released
    assert (facts.plain_models, facts.private_models, facts.uncounted_trials) == (0, 0, 0)


def test_the_list_of_a_real_run_is_plain_json_with_the_gravest_first(private):
    listed = uncovered_of(*private)
    assert json.loads(json.dumps(listed)) == listed
    assert listed[0]["what"] == "the whole run"
    assert all(set(one) == {"what", "rows", "why", "mend"} and one["rows"] for one in listed)
