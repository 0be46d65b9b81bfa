"""Persons, private pretraining and models at other epsilons beside, from the spec to a verified report."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from assay.flows.chain import Outcome, Run, perform
from assay.flows.charging import account_of, charge_without_privacy, registered
from assay.flows.cli import app
from assay.flows.home import Home
from assay.flows.preflight import preflight
from assay.flows.privacy_cost import others
from assay.flows.run import run_spec
from assay.flows.spec import parse_spec
from assay.flows.stages import CHAIN, INGEST, PRETRAIN, TRAIN, wanted
from assay.flows.variants import in_order
from assay.flows.verification import verify_version
from assay.platform.exceptions import BudgetError, CombinationError, SpecError
from assay.platform.privacy.accountant import SubsampledGaussian, epsilon_of
from assay.platform.privacy.ledger.events import NonPrivate
from typer.testing import CliRunner

BOOK = {
    "numbers": {"income": [0, 25, 50, 75, 100], "debt": [0, 5, 10, 20, 60]},
    "categories": {"region": ["north", "south", "east"]},
}
PRIVACY = {
    "epsilon": 2.0, "delta": 1e-4, "accountant": "rdp", "canaries": 0,
    "unit": "person", "compare": ["none", 8],
}  # fmt: skip


@pytest.fixture(scope="module")
def persons_spec(loans_spec, tmp_path_factory):
    """Loans, three a person, with pretraining; further changes of the privacy section."""
    document = loans_spec()
    table = pd.read_csv(document["data"]["source"].removeprefix("csv:"))
    path = tmp_path_factory.mktemp("persons") / "loans.csv"
    table.assign(person=[f"p{row // 3}" for row in range(len(table))]).to_csv(path, index=False)
    data = {"source": f"csv:{path}", "codebook": BOOK, "ignore": ["person"], "split": {"by": "person"}}

    def spec(**changes):
        return {
            **document,
            "data": document["data"] | data,
            "pretrain": {
                "method": "masked_features", "options": {"replacement": "uniform"},
                "epochs": 1, "batch_size": 32,
            },
            "train": {"epochs": 2, "batch_size": 32},
            "privacy": PRIVACY | changes,
        }  # fmt: skip

    return spec


@pytest.fixture(scope="module")
def home(prefect_api, persons_spec, tmp_path_factory):
    """A home with one version."""
    root = tmp_path_factory.mktemp("beside")
    run_spec(parse_spec(persons_spec()), home=root)
    return Home(root)


@pytest.fixture(scope="module")
def report(home):
    return json.loads((home.version_folder("loans", 1) / "report.json").read_bytes())


def test_the_claim_is_for_persons_and_both_stages(report):
    claimed = report["privacy"]["claimed"]
    assert (claimed["unit"], claimed["epsilon_asked"]) == ("person", 2.0)
    stages = [SubsampledGaussian(**stage) for stage in claimed["stages"]]
    assert len(stages) == 2
    assert claimed["epsilon"] == pytest.approx(epsilon_of(stages, delta=1e-4, accountant="rdp"), abs=1e-9)
    assert 1.99 < claimed["epsilon"] <= 2.0


def test_models_beside_are_charged_like_this_one(home):
    found = [one.ran for one in home.ledger().reservations()]
    private = [event for event in found if event != NonPrivate()]
    # Two stages each at epsilon 2 and at 8; without privacy both pretraining and training.
    assert (len(private), len(found)) == (4, 6)
    assert len({json.dumps(event.to_json()) for event in private}) == 4


def test_the_report_tells_the_cost_by_group_and_the_curve(report):
    found = report["privacy"]
    assert [point["epsilon"] for point in found["curve"]] == [2.0, 8.0, "none"]
    own, _, plain = (point["metrics"]["accuracy"]["value"] for point in found["curve"])
    assert own == report["performance"]["metrics"]["accuracy"]["value"]
    sides = found["cost"]["metrics"]["accuracy"]
    assert (sides["private"]["value"], sides["plain"]["value"]) == (own, plain)
    assert sides["difference"]["value"] == pytest.approx(own - plain)
    groups = found["cost"]["groups"]["gender"]
    assert set(groups) == {"f", "m"}
    assert {"/privacy/cost", "/privacy/curve"} <= set(report["evidence"])
    weighted = sum(group["n"] * group["cost"]["value"] for group in groups.values())
    assert weighted / sum(group["n"] for group in groups.values()) == pytest.approx(plain - own)


def test_what_pretraining_was_is_told(report):
    said = {one["what"] for one in report["privacy"]["uncovered"]}
    assert "pretrained weights" not in said, "composed"
    assert not any("preprocessing" in what for what in said), "the codebook is pretraining's too"


def test_the_version_is_verified_and_found_again(home, persons_spec):
    found = verify_version(home, "loans@1")
    assert found.differences == []
    assert "numbers of privacy_cost from stored predictions" in found.checked
    again = run_spec(parse_spec(persons_spec()), home=home.root)
    assert again.version == 1
    assert all(stage.cached for stage in again.stages)


def test_the_predictions_of_the_models_beside_are_kept(home, report):
    key = next(one["key"] for one in report["lineage"]["artifacts"] if one["kind"] == "privacy_cost")
    kept = {path.stem for path in home.store().get(key).path.glob("*.parquet")}
    assert kept == {"epsilon_8", "epsilon_none"}


def test_a_stage_beside_has_the_key_of_a_run_of_its_own(home, persons_spec):
    """So a run at epsilon 8 finds the model that was trained beside, and spends nothing again."""
    for of, own in ((8.0, {"epsilon": 8.0, "compare": []}), (None, None)):
        run = Run.open(parse_spec(persons_spec()), home)
        for stage in wanted(run.spec):
            run.outcomes[stage.name] = Outcome(run.store.lookup(stage.key(run)), cached=True)
        document = persons_spec(**own) if own else {**persons_spec(), "privacy": None}
        alone = Run.open(parse_spec(document), home)
        alone.outcomes["ingest"] = run.outcomes["ingest"]
        text = "none" if of is None else "8"
        assert PRETRAIN.key(alone) == run.outcomes[f"pretrain epsilon {text}"].artifact.key
        alone.outcomes["pretrain"] = run.outcomes[f"pretrain epsilon {text}"]
        assert TRAIN.key(alone) == run.outcomes[f"train epsilon {text}"].artifact.key


def test_a_budget_refuses_what_does_not_hide_its_unit_and_no_privacy_beside(persons_spec, tmp_path):
    by_person, by_record = (parse_spec(persons_spec(unit=unit)) for unit in ("person", "record"))
    plain = dataclasses.replace(by_person, privacy=None)
    run = Run.open(by_person, Home(tmp_path))
    perform(INGEST, run)
    ledger = run.home.ledger()
    name = registered(ledger, by_person.data, unit="person")
    ledger.set_budget(name, epsilon=3.0, delta=1e-4, unit="person")
    for spec in (by_record, plain):
        charge = charge_without_privacy if spec.privacy is None else account_of
        with pytest.raises(BudgetError, match="no privacy"):
            charge(dataclasses.replace(run, spec=spec), "a stage's key")
    with pytest.raises(BudgetError, match="no privacy"):
        account_of(run, "a stage's key")  # `none` is to be trained beside: said before this one is trained
    alone = dataclasses.replace(run, spec=parse_spec(persons_spec(compare=[0.5])))
    assert account_of(alone, "a stage's key").unit == "person"
    assert ledger.reservations() == (), "nothing was written"


def test_stages_are_done_in_one_order_whatever_the_spec_lists_first(persons_spec):
    spec = dataclasses.replace(parse_spec(persons_spec(compare=["none", 8, 0.5])), seeds=2)
    names = [stage.name for stage in wanted(spec)]
    assert others(spec) == (0.5, 8.0, None)
    assert names[-1] == "privacy_cost"
    assert names.index("variation") < names.index("train epsilon 0.5") < names.index("train epsilon none")
    shuffled = np.random.default_rng(0).permutation([*names, "report"]).tolist()
    assert in_order(shuffled, CHAIN) == [*names, "report"]


@pytest.mark.parametrize(
    ("changes", "error", "word"),
    [
        ({"compare": [2.0]}, SpecError, "privacy.compare"),
        ({"compare": [0]}, SpecError, "privacy.compare"),
        ({"compare": ["none", "none"]}, SpecError, "privacy.compare"),
        ({"compare": ["plain"]}, SpecError, "privacy.compare"),
        ({"unit": "gender"}, CombinationError, "data.split.by"),
    ],
)
def test_what_can_not_be_had_is_refused_before_anything_starts(persons_spec, changes, error, word):
    with pytest.raises(error) as caught:
        preflight(parse_spec(persons_spec(**changes)))
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"pretrain": {"method": "scarf"}}, "privacy can't be had with pretraining by scarf"),
        ({"model": {"architecture": "resnet_tabular"}}, "set model.norm to layer"),
        ({"pretrain": {"method": "masked_features"}}, "set pretrain.options.replacement to uniform"),
    ],
)
def test_networks_and_methods_that_mix_rows_are_refused_with_what_mends_it(persons_spec, changes, word):
    with pytest.raises(CombinationError) as caught:
        preflight(parse_spec({**persons_spec(), **changes}))
    assert word in str(caught.value)


def test_the_list_says_what_can_be_private():
    found = CliRunner().invoke(app, ["list", "architectures", "--json"])
    rows = {row["name"]: row["dp"] for row in json.loads(found.stdout)}
    assert (rows["mlp"], rows["resnet18"], rows["resnet152"]) == ("yes", "with norm: group", "no")
