"""The table of combinations: every refusal is a clean exit 2, and every yes runs."""

import json

import pytest
from assay.flows.chain import Run, perform
from assay.flows.combinations import _MIXING, COMBINATIONS, check_combinations, refuse
from assay.flows.home import Home
from assay.flows.spec import parse_spec
from assay.flows.stages import wanted
from assay.flows.traits import OF_A_SPEC, OF_DATA
from assay.models.catalog import PRETRAINING
from assay.platform.exceptions import CombinationError
from assay.platform.federated.methods import STRATEGIES
from assay.platform.federated.private.strategies import REFUSED as UNFED
from assay.platform.federated.secure.refused import REFUSED as UNSUMMED
from assay.platform.privacy.canaries.scores import CANARY_ROWS, CanaryScores
from assay.platform.privacy.ledger.rdp_filter import composed_epsilon
from assay.platform.privacy.ledger.renyi import renyi_curve

#: Pretraining that privacy allows.
MASKED = {"method": "masked_features", "options": {"replacement": "uniform"}, "epochs": 1}

BUDGET = {"epsilon": 2.0, "delta": 1e-5, "accountant": "rdp"}

#: Clients that noise hides.
HIDDEN = {
    "federated": {"clients": 40, "rounds": 2, "fraction": 0.2},
    **{f"privacy.{key}": value for key, value in {**BUDGET, "unit": "client"}.items()},
}

#: Reviews, of which a few are read by little of a network.
TEXTS = {
    "data": {"source": "builtin:reviews", "text": {"vocabulary": 300, "length": 16}},
    "model": {"architecture": "text_transformer", "options": {"width": 16, "depth": 1, "heads": 2}},
    "train": {"epochs": 1, "batch_size": 64, "label_fraction": 0.02},
}

#: Keys of a spec that give it a trait, over the loans' spec; a dotted key is set inside its section.
GIVES = {
    "adapt": {"adapt": {"target": "the same"}},
    "a model from elsewhere": {"external": {"model": "somewhere.onnx"}},
    "federated": {"federated": {"clients": 3, "rounds": 2}},
    "train.label_fraction": {"train.label_fraction": 0.8},
    "pretraining": {"pretrain": MASKED},
    "federated pretraining": {"federated": {"clients": 3, "rounds": 2}, "pretrain": MASKED},
    "a checkpoint": {"model": {"architecture": "folder:somewhere"}},
    "a module of one's own": {"model": {"architecture": "python:package.module:factory"}},
    "train.mode: scratch": {"train.mode": "scratch"},
    "several seeds": {"seeds": 2},
    "several workers": {"train.workers": 2},
    "data.weight": {"data.weight": "debt"},
    **{f"pretraining by {name}": {"pretrain": {"method": name}} for name in _MIXING},
    "a linear probe": {"train.mode": "linear_probe", "pretrain": MASKED},
    "train.mode: gradual": {"train.mode": "gradual", "pretrain": MASKED},
    "train.mode: lora": {"train.mode": "lora", "pretrain": MASKED},
    "train.ema": {"train.ema": 0.9},
    "train.accumulate": {"train.accumulate": 2},
    "train.schedule: plateau": {"train.schedule": "plateau"},
    "mixed images": {"train.mixup": 0.2},
    "views by name": {"train.augment": {"flip": "horizontal"}},
    "a network fixed but for its head": {"model.architecture": "scattering"},
    "privacy": {"privacy": BUDGET},
    "clients as the unit": HIDDEN,
    "dealt clients as the unit": HIDDEN,
    "rows of clients as the unit": {
        "federated.clients": 3,
        "federated.rounds": 2,
        **{f"privacy.{key}": value for key, value in BUDGET.items()},
    },
    "federated.partition.minimum": {
        "federated": {"partition": {"by": "column", "column": "region", "minimum": 2}, "rounds": 2},
    },
    "privacy.physical_batch": {"privacy.physical_batch": 8},
    "privacy.clipping: per_layer": {"privacy.clipping": "per_layer"},
    "privacy.clipping: adaptive": {"privacy.clipping": "adaptive"},
    **{
        f"federated.strategy: {name}": {
            "federated.strategy": name,
            "federated.options": {
                option: 1 for option, value in STRATEGIES[name].options.items() if value is None
            },
        }
        for name in UNFED.keys() | UNSUMMED.keys()
    },
    "federated.secure": {"federated.clients": 3, "federated.rounds": 2, "federated.secure": {}},
    "federated.contributions": {
        "federated.clients": 3,
        "federated.rounds": 2,
        "federated.contributions": "shapley",
    },
    "federated.outliers": {"federated.clients": 5, "federated.rounds": 2, "federated.outliers": 0.05},
    "federated.personalize": {"federated.personalize": 1},
    "federated.partition": {"federated.partition": {"by": "dirichlet"}},
    "federated.grid: deployment": {
        "federated.grid": "deployment",
        "federated.superlink": "hospitals",
        "federated.clients": 3,
        "federated.rounds": 2,
    },
    "privacy.canary_rows": {"privacy": BUDGET | {"canary_rows": 20}},
    "persons as the unit": {"privacy.unit": "region"},
    "few_shot": {
        "few_shot": {
            "way": 2,
            "queries": 2,
            "train_queries": 2,
            "train_episodes": 2,
            "validation_episodes": 2,
        },
        "data": {"source": "builtin:digits", "split": {"validation": 0.2}},
        "model": {"architecture": "lenet"},
    },
    "train.label_smoothing": {"train.label_smoothing": 0.1},
    "train.layer_decay": {"train.layer_decay": 0.5},
    "train.precision: bf16": {"train.precision": "bf16"},
    "a multiclass task": {"data.target": "region"},
    "regression": {"data.target": "debt"},
    "train.token_dropout": TEXTS | {"train": TEXTS["train"] | {"token_dropout": 0.2}},
    "images": {"data": {"source": "builtin:digits"}, "model": {"architecture": "lenet"}},
    "texts": TEXTS,
}
SCHEMAS = {
    "a binary task": {"task": "binary", "modality": "tabular"},
    "a multiclass task": {"task": "multiclass", "modality": "tabular"},
    "regression": {"task": "regression", "modality": "tabular"},
    "images": {"task": "binary", "modality": "image"},
    "tables": {"task": "multiclass", "modality": "tabular"},
    "texts": {"task": "binary", "modality": "text"},
}


def spec_with(base, *traits):
    """A spec that has these traits, and the schema of its data where the data give one."""
    document, schema = base(), None
    for trait in traits:
        if trait.startswith("mitigate"):
            method = trait.partition(".")[2] or "threshold"
            document["mitigate"] = {
                "method": method, "over": "gender", "constraint": "demographic_parity", "grid": 1,
            }  # fmt: skip
            continue
        schema = SCHEMAS.get(trait, schema)
        for key, value in GIVES.get(trait, {}).items():
            section, dot, name = key.partition(".")
            document[section] = {**document.get(section, {}), name: value} if dot else value
    if {"a checkpoint", "a module of one's own"} & {*traits} and "pretraining" not in traits:
        document.pop("pretrain", None)  # its weights come from elsewhere
    if "adapt" in document:
        document["adapt"] = {"target": document["data"]["source"]}
    return parse_spec(document), schema


def named(row):
    return f"{row.first} x {row.second}"


def test_no_pair_stands_there_twice_and_every_refusal_says_what_to_do():
    pairs = [frozenset((row.first, row.second)) for row in COMBINATIONS]
    assert len(set(pairs)) == len(pairs)
    assert all(bool(row.refused) == bool(row.mend) for row in COMBINATIONS)
    known = {*OF_A_SPEC, *OF_DATA}
    assert all({row.first, row.second} <= known for row in COMBINATIONS)


@pytest.mark.parametrize("row", [row for row in COMBINATIONS if row.refused], ids=named)
def test_a_refusal_ends_cleanly_before_anything_is_trained(row, loans_spec):
    spec, schema = spec_with(loans_spec, row.first, row.second)
    with pytest.raises(CombinationError, match=f"{row.first} can't be had with|can't be had with") as caught:
        check_combinations(spec, schema)
    assert caught.value.exit_code == 2
    assert row.refused in str(caught.value)


@pytest.mark.parametrize("row", [row for row in COMBINATIONS if not row.refused], ids=named)
def test_a_yes_is_not_refused(row, loans_spec):
    check_combinations(*spec_with(loans_spec, row.first, row.second))
    refuse({row.first, row.second})


def performed(spec, home):
    """Every stage but those that audit."""
    run = Run.open(spec, Home(home))
    for stage in wanted(spec):
        if stage.name not in ("audit", "variation", "adaptation"):
            perform(stage, run)
    return run


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in COMBINATIONS
        if not row.refused
        and row.second != "several workers"
        # `test_checkpoints.py` runs these, on checkpoints that are there.
        and row.first not in ("a checkpoint", "a module of one's own")
        # And `test_deployment.py` these, with a SuperLink.
        and row.first != "federated.grid: deployment"
    ],
    ids=named,
)
def test_a_yes_runs(row, loans_spec, tmp_path):
    spec, _ = spec_with(loans_spec, row.first, row.second)
    run = performed(spec, tmp_path)
    made = [name for name in run.outcomes if name.startswith("mitigate")]
    assert len(made) == (spec.seeds if spec.mitigate else 0)
    assert all((run.path(name) / "mitigation.json").is_file() for name in made)
    charged = run.home.ledger().reservations() if run.home.ledger().exists else ()
    stages = 2 if spec.pretrain else 1
    assert [one.stage for one in charged] == ["settled"] * (stages * spec.seeds if spec.privacy else 0)
    if spec.privacy:
        assert composed_epsilon(sum(renyi_curve(one.ran) for one in charged[:stages]), 1e-5) <= 2.0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed file .*/dev/null:ResourceWarning")
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_private_training_by_several_workers_and_thresholds_of_what_they_trained(loans_spec, tmp_path):
    spec, _ = spec_with(loans_spec, "privacy.canary_rows", "mitigate.threshold", "several workers")
    run = performed(spec, tmp_path)
    assert (run.path("mitigate") / "mitigation.json").is_file()
    found = CanaryScores.from_parquet(run.path("train") / CANARY_ROWS)
    rows = json.loads((run.path("train") / "labels.json").read_bytes())
    assert rows["train"] - len(rows["train_rows"]) == found.included.sum()
    assert [one.stage for one in run.home.ledger().reservations()] == ["settled"]


def test_every_method_that_mixes_rows_is_refused_with_its_reason():
    assert set(_MIXING) == {name for name, part in PRETRAINING.items() if part.private is None}
