"""The stage: candidates that load, an operating point by validation rows alone, the same files every time."""

import json
import os
import shutil
from hashlib import sha256

import numpy as np
import pytest
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import CombinationError, SpecError, UsageError
from assay.platform.mitigation import methods, mitigate
from assay.platform.mitigation.config import MitigationConfig
from assay.platform.mitigation.methods import METHODS
from assay.platform.mitigation.operating_point import Judged, choose
from assay.platform.predictor import Mixture, load_model
from assay.platform.training.config import ModelConfig, TrainConfig

NETWORK = ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4})
TRAIN = TrainConfig(epochs=3, batch_size=64, learning_rate=1e-2, patience=None, workers=1)
FEW = {"threshold": {"grid": 3}, "exponentiated_gradient": {"iterations": 2}, "grid_search": {"grid": 4}}


def run(hiring, model, home, method, **options):
    """Mitigate into a new folder; its files by name."""
    config = MitigationConfig(
        method=method,
        over="sex",
        constraint="demographic_parity",
        **{"grid": 2, **FEW.get(method, {}), **options},
    )
    out = home / "out"
    out.mkdir(parents=True)
    details = mitigate(
        dataset=hiring, model=model, network=NETWORK, train=TRAIN, config=config, out=out,
        scratch=home / "scratch",
    )  # fmt: skip
    return out, details


def digests(folder):
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module", params=METHODS)
def mitigated(request, hiring, model, tmp_path_factory):
    """One method's artifact, and what the stage said of it."""
    home = tmp_path_factory.mktemp(request.param)
    return request.param, home, *run(hiring, model, home, request.param)


def test_every_candidate_loads_and_is_as_good_as_the_artifact_says(mitigated, hiring):
    _, _, out, _ = mitigated
    facts, table = (
        json.loads((out / "mitigation.json").read_bytes()),
        Dataset.open(hiring).table("validation"),
    )
    assert facts["candidates"][0]["name"] == "none"
    for one in facts["candidates"]:
        found = load_model(out / "candidates" / one["name"])
        decided = found.decide(found.predict(table), table)
        y_true = found.preprocessor.targets(table)
        assert np.mean(decided == y_true) == pytest.approx(one["accuracy"])
        male = table["sex"].to_numpy(zero_copy_only=False) == "m"
        assert abs(decided[male].mean() - decided[~male].mean()) == pytest.approx(one["gap"])


def test_the_artifact_is_the_chosen_candidate(mitigated, hiring):
    _, _, out, details = mitigated
    table = Dataset.open(hiring).test_table()
    whole, chosen = load_model(out), load_model(out / "candidates" / details["chosen"])
    scores = whole.predict(table)
    np.testing.assert_array_equal(scores, chosen.predict(table))
    np.testing.assert_array_equal(whole.decide(scores, table), chosen.decide(scores, table))


def test_mitigation_narrows_the_gap(mitigated):
    _, _, out, _ = mitigated
    first, *others = json.loads((out / "mitigation.json").read_bytes())["candidates"]
    assert min(one["gap"] for one in others) < first["gap"]


def test_the_same_settings_make_the_same_files_and_a_rerun_trains_nothing_anew(
    mitigated, hiring, model, tmp_path
):
    method, home, out, _ = mitigated
    if METHODS[method].trains:  # as after a kill: checkpoints stay, the draft is gone
        shutil.copytree(home / "scratch", tmp_path / "scratch")
    again, _ = run(hiring, model, tmp_path, method)
    assert digests(again) == digests(out)


def test_test_rows_are_never_read(hiring, model, tmp_path):
    blind = tmp_path / "blind"
    blind.mkdir()
    for path in hiring.iterdir():
        if path.name != "test.parquet":
            os.link(path, blind / path.name)
    out, details = run(blind, model, tmp_path, "threshold")
    assert details["chosen"]
    assert (out / "weights").is_dir()


def test_a_threshold_model_keeps_its_limit_on_the_rows_that_it_was_fitted_on(hiring, model, tmp_path):
    out, _ = run(hiring, model, tmp_path, "threshold", fit_on="train_and_validation", gap=0.05)
    facts = json.loads((out / "mitigation.json").read_bytes())
    assert 0.05 in [one["parameter"] for one in facts["candidates"]]
    data = Dataset.open(hiring)
    found = load_model(out / "candidates" / "threshold-1")
    chances = []
    for table in (data.table("train"), data.table("validation")):
        groups = found.preprocessor.sensitive(table)["sex"]
        chance = found.postprocess.group_thresholds.chances(found.predict(table)[:, 1], [groups])
        chances += [(chance[groups == "m"], chance[groups == "f"])]
    men, women = (np.concatenate(parts) for parts in zip(*chances, strict=True))
    assert men.mean() == pytest.approx(women.mean(), abs=1e-6)


def test_exponentiated_gradient_ends_in_a_mixture(hiring, model, tmp_path):
    out, details = run(hiring, model, tmp_path, "exponentiated_gradient", grid=1, iterations=4)
    found = load_model(out / "candidates" / "exponentiated_gradient-1")
    assert isinstance(found, Mixture)
    assert details["fits"] >= len(found.members) == len(found.postprocess.mixture.weights)


def judged(name, accuracy, gap):
    return Judged(name=name, parameter=None, accuracy=accuracy, gap=gap)


def test_the_most_accurate_within_the_limit_is_chosen():
    some = [judged("a", 0.9, 0.2), judged("b", 0.8, 0.02), judged("c", 0.7, 0.0)]
    assert choose(some, 0.02).name == "b"
    assert choose(some, 0.5).name == "a"


def test_without_one_within_the_limit_the_nearest_is_chosen():
    assert choose([judged("a", 0.9, 0.2), judged("b", 0.5, 0.1)], 0.02).name == "b"


def test_of_equals_the_model_as_it_was_trained_is_kept():
    assert choose([judged("none", 0.8, 0.01), judged("a", 0.8, 0.0)], 0.02).name == "none"


def test_a_task_without_two_classes_is_refused(prices, model, tmp_path):
    with pytest.raises(CombinationError, match="two classes"):
        run(prices, model, tmp_path, "threshold")


def test_a_method_whose_library_is_not_there_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(methods, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"assay\[mitigation\]"):
        methods.check_installed("grid_search")
    methods.check_installed("threshold")


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "magic"},
        {"constraint": "fairness"},
        {"over": ()},
        {"gap": 2.0},
        {"grid": 0},
        {"iterations": 0},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(SpecError, match=f"mitigate.{next(iter(wrong))}"):
        MitigationConfig(**{"method": "threshold", "over": "sex", **wrong})
