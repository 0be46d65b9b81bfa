"""Pretraining and training within one budget, and persons as whom it holds for."""

import dataclasses
import json
from functools import cache

import pyarrow as pa
import pytest
from assay.platform.data.dataset import Dataset
from assay.platform.data.declared import declared_preprocessor
from assay.platform.exceptions import CombinationError, DataError, SpecError
from assay.platform.predictor.artifact import load_network
from assay.platform.privacy import private_run, stages
from assay.platform.privacy.accountant import SubsampledGaussian, epsilon_of
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.networks import build_network
from assay.platform.training.private_pretraining import Private

pytest.importorskip("opacus")
BUDGET = PrivacyConfig(epsilon=2.0, delta=1e-4, accountant="rdp", canaries=0, noise_seed=5)
TRAIN = {"epochs": 4, "batch_size": 30, "learning_rate": 1e-2, "patience": None}
PRIVATE = Private(config=BUDGET, train=TrainConfig(**TRAIN))
MASKED = {"method": "masked_features", "options": {"replacement": "uniform"}, "epochs": 2, "batch_size": 50}
VIT = ModelConfig(architecture="vit_small", options={"width": 16, "depth": 1, "heads": 2, "dropout": 0.0})


@pytest.fixture(scope="module", autouse=True)
def _search_once():
    """The same noise is asked for in many tests, and searching it takes longer than training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "noise_multiplier_for", cache(stages.noise_multiplier_for))
        patch.setattr(private_run, "epsilon_of", cached(private_run.epsilon_of))
        yield


def cached(function):
    """By the mechanisms, which come as a list."""
    known = cache(lambda mechanisms, **options: function(mechanisms, **options))
    return lambda mechanisms, **options: known(tuple(mechanisms), **options)


def mechanism(told: dict) -> SubsampledGaussian:
    return SubsampledGaussian(**{key: told[key] for key in ("noise_multiplier", "sample_rate", "steps")})


def test_both_stages_get_one_noise_and_keep_within_the_budget_together(trained, pretrained, tabular):
    folder, first = pretrained(tabular, privacy=PRIVATE, **MASKED)
    _, second = trained(tabular, pretrained=folder, privacy=BUDGET, **TRAIN)
    ran = [mechanism(details["privacy"]) for details in (first, second)]
    assert [(one.sample_rate, one.steps) for one in ran] == [(50 / 300, 12), (30 / 300, 40)]
    assert ran[0].noise_multiplier == ran[1].noise_multiplier
    claimed = second["privacy"]
    assert claimed["stages"] == [dataclasses.asdict(one) for one in ran]
    assert claimed["epsilon"] == epsilon_of(ran, delta=1e-4, accountant="rdp")
    assert 1.99 < claimed["epsilon"] <= 2.0
    assert first["privacy"]["epsilon"] < claimed["epsilon"], "what pretraining cost by itself"
    assert json.loads((folder / "history.json").read_bytes())[-1]["epsilon"] == first["privacy"]["epsilon"]


def test_the_composition_is_googles(trained, pretrained, tabular):
    dp = pytest.importorskip("dp_accounting")
    from dp_accounting import rdp

    folder, first = pretrained(tabular, privacy=PRIVATE, **MASKED)
    _, second = trained(tabular, pretrained=folder, privacy=BUDGET, **TRAIN)
    accountant = rdp.RdpAccountant([1 + x / 10 for x in range(1, 100)] + list(range(11, 64)))
    for details in (first, second):
        told = details["privacy"]
        noisy = dp.GaussianDpEvent(told["noise_multiplier"])
        accountant.compose(dp.PoissonSampledDpEvent(told["sample_rate"], noisy), told["steps"])
    assert second["privacy"]["epsilon"] == pytest.approx(accountant.get_epsilon(1e-4), rel=0.01)


def test_each_stage_reserves_its_own_mechanism(trained, pretrained, tabular):
    class Book:
        """Who is told."""

        def __init__(self):
            self.told = []

        def reserve(self, mechanism, *, resumed):
            self.told.append(mechanism)

        def begin(self):
            self.told.append("begun")

        def settle(self, ran):
            self.told.append(ran)

    first, second = Book(), Book()
    folder, of_first = pretrained(tabular, privacy=dataclasses.replace(PRIVATE, account=first), **MASKED)
    _, of_second = trained(tabular, pretrained=folder, privacy=BUDGET, account=second, **TRAIN)
    for book, details in ((first, of_first), (second, of_second)):
        ran = mechanism(details["privacy"])
        assert book.told == [ran, "begun", ran]


@pytest.mark.parametrize("changed", [{"epochs": 6}, {"batch_size": 60}])
def test_another_training_than_was_planned_is_refused(trained, pretrained, tabular, changed):
    folder, _ = pretrained(tabular, privacy=PRIVATE, **MASKED)
    with pytest.raises(CombinationError, match="too little of the budget") as caught:
        trained(tabular, pretrained=folder, privacy=BUDGET, **TRAIN | changed)
    assert caught.value.mend


def test_fewer_labels_are_planned_for(trained, pretrained, tabular):
    few = {**TRAIN, "label_fraction": 0.5}
    private = dataclasses.replace(PRIVATE, train=TrainConfig(**few))
    folder, _ = pretrained(tabular, privacy=private, **MASKED)
    _, details = trained(tabular, pretrained=folder, privacy=BUDGET, **few)
    assert details["privacy"]["sample_rate"] == 30 / 150
    assert 1.99 < details["privacy"]["epsilon"] <= 2.0


def test_patches_can_be_masked_privately(pretrained, pictures):
    private = Private(config=BUDGET, train=TrainConfig(**TRAIN))
    _, details = pretrained(pictures, privacy=private, model=VIT, method="mae", epochs=1, batch_size=16)
    assert 0 < details["privacy"]["epsilon"] < 2.0


def test_the_head_is_as_random_as_it_began(pretrained, tabular):
    """No loss asks it, and noise would be all that it learned."""
    model = ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4})
    schema = Dataset.open(tabular).schema
    said = {"categories": {"job": ("clerk", "smith", "nurse")}, "missing": ("age",)}
    given = declared_preprocessor(schema, numbers={"age": (18, 80)}, **said)
    folder, details = pretrained(tabular, privacy=PRIVATE, preprocessor=given, model=model, **MASKED)
    learned, _ = load_network(folder)
    options = {"dropout": 0.2, "encoding": "piecewise_linear", "activation": "relu", **model.options}
    fresh = build_network(dataclasses.replace(model, options=options), given, 0)
    same = {
        name: bool((value == fresh.state_dict()[name]).all()) for name, value in learned.state_dict().items()
    }
    assert {name for name, kept in same.items() if kept} >= {"head.weight", "head.bias"}
    assert not all(same.values())
    assert details["preprocessing"] == "given"


@pytest.mark.parametrize(
    ("data", "settings", "word"),
    [
        ("tabular", {"method": "scarf"}, "scarf can't be had with privacy"),
        ("tabular", {"method": "masked_features"}, "replacement: marginal"),
        ("pictures", {"method": "simclr", "model": "resnet_small"}, "simclr can't be had with privacy"),
    ],
)
def test_methods_that_mix_rows_are_refused_by_name(pretrained, request, data, settings, word):
    with pytest.raises(CombinationError) as caught:
        pretrained(request.getfixturevalue(data), privacy=PRIVATE, **settings)
    assert word in str(caught.value)


@pytest.fixture
def persons(tabular, write, tmp_path):
    """The same rows, three a person; the persons are an ignored column."""
    data = Dataset.open(tabular)
    splits = [data.table(split).drop_columns("__row__") for split in ("train", "validation")]
    table = pa.concat_tables(splits)
    table = table.append_column("person", pa.array([f"p{row // 3}" for row in range(table.num_rows)]))
    return write(tmp_path / "persons", table, data.schema, (300, 90))


def test_persons_are_who_the_noise_hides(trained, persons):
    unit = dataclasses.replace(BUDGET, unit="person")
    _, details = trained(persons, privacy=unit, **TRAIN)
    told = details["privacy"]
    assert told["unit"] == "person"
    assert (told["sample_rate"], told["steps"]) == (0.3, 4 * 4), "of 100 persons, 30 a step"
    assert told["epsilon"] == epsilon_of([mechanism(told)], delta=1e-4, accountant="rdp")
    assert 1.99 < told["epsilon"] <= 2.0


def test_persons_are_hidden_in_both_stages(trained, pretrained, persons):
    unit = dataclasses.replace(BUDGET, unit="person")
    private = Private(config=unit, train=TrainConfig(**TRAIN))
    folder, first = pretrained(persons, privacy=private, **MASKED)
    _, second = trained(persons, pretrained=folder, privacy=unit, **TRAIN)
    assert (first["privacy"]["sample_rate"], second["privacy"]["sample_rate"]) == (0.5, 0.3)
    assert 1.99 < second["privacy"]["epsilon"] <= 2.0
    with pytest.raises(CombinationError, match="hide different units"):
        trained(persons, pretrained=folder, privacy=BUDGET, **TRAIN)


def test_a_linear_probe_knows_whose_rows_it_sees(trained, pretrained, persons):
    unit = dataclasses.replace(BUDGET, unit="person")
    private = Private(config=unit, train=TrainConfig(**TRAIN))
    folder, _ = pretrained(persons, privacy=private, **MASKED)
    _, details = trained(persons, pretrained=folder, privacy=unit, mode="linear_probe", **TRAIN)
    assert details["privacy"]["sample_rate"] == 0.3


@pytest.mark.parametrize(
    ("changed", "error", "word"),
    [
        ({"unit": "person", "delta": 0.02}, SpecError, "1 / 100 persons"),
        ({"unit": "somebody"}, DataError, "a column that the data don't have"),
        ({"unit": "age"}, DataError, "rows that are nobody's"),
    ],
)
def test_what_can_not_be_promised_to_persons_is_refused(trained, persons, changed, error, word):
    with pytest.raises(error) as caught:
        trained(persons, privacy=dataclasses.replace(BUDGET, **changed), **TRAIN)
    assert word in str(caught.value)


def test_more_persons_a_step_than_there_are_are_refused(trained, persons):
    with pytest.raises(SpecError, match="the number of persons"):
        trained(persons, privacy=dataclasses.replace(BUDGET, unit="person"), **TRAIN | {"batch_size": 101})
