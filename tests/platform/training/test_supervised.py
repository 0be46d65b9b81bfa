"""The stage that learns from labels."""

import json
import shutil
from hashlib import sha256

import numpy as np
import pytest
import safetensors.torch
import torch
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.predictor import Predictor
from assay.platform.training.config import ModelConfig

IDENTITY = (
    "weights/model.safetensors", "architecture.json", "preprocess.json", "postprocess.json", "history.json",
    "labels.json",
)  # fmt: skip


def digests(folder):
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in IDENTITY}


def accuracy(folder, dataset) -> float:
    predictor, test = Predictor.load(folder), Dataset.open(dataset).test_table()
    return float(
        (predictor.decide(predictor.predict(test), test) == predictor.preprocessor.targets(test)).mean()
    )


def weights(folder):
    return safetensors.torch.load_file(folder / "weights/model.safetensors")


def test_it_learns_and_leaves_exactly_the_files_of_a_model_artifact(trained, tabular):
    out, details = trained(tabular, epochs=15)
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == set(IDENTITY)
    assert accuracy(out, tabular) > 0.75
    assert details["epochs"] == 15 or details["epochs"] == details["best_epoch"] + 5
    assert details["engine"] == {
        "name": "in-process", "workers": 1, "threads": torch.get_num_threads(),
        "device": "cpu", "precision": "fp32",
    }  # fmt: skip
    assert (details["recovered"], details["resumed_from"]) == (0, None)
    assert details["labels"] == {"train": 300, "validation": 100}


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(trained, tabular):
    first, again, other = (digests(trained(tabular, seed=seed)[0]) for seed in (0, 0, 1))
    assert first == again
    assert first["weights/model.safetensors"] != other["weights/model.safetensors"]


def test_the_test_rows_are_never_opened(trained, tabular, tmp_path):
    copy = shutil.copytree(tabular, tmp_path / "copy")
    (copy / "test.parquet").unlink()
    assert digests(trained(copy)[0]) == digests(trained(tabular)[0])


def test_history_holds_losses_and_nothing_that_changes_from_run_to_run(trained, tabular):
    out, _ = trained(tabular)
    history = json.loads((out / "history.json").read_text())
    assert [set(entry) for entry in history] == [{"epoch", "train_loss", "validation_loss"}] * 3


def test_it_is_told_how_far_it_is(trained, tabular):
    told = []
    trained(tabular, progress=told.append)
    assert told[-1].step == told[-1].total == 30
    assert {progress.stage for progress in told} == {"train"}
    assert set(told[-1].metrics) == {"epoch", "loss"}


def test_a_regression_is_learned_in_the_unit_of_its_target(trained, prices):
    out, _ = trained(prices, epochs=30)
    predictor, test = Predictor.load(out), Dataset.open(prices).test_table()
    values, truth = predictor.predict(test), test["price"].to_numpy()
    assert np.corrcoef(values, truth)[0, 1] > 0.8
    assert abs(values.mean() - truth.mean()) < 30
    assert (predictor.task, predictor.classes) == ("regression", ())


def test_weights_of_rows_change_what_is_learned(trained, prices, write, tmp_path):
    data = Dataset.open(prices)
    schema = type(data.schema).from_json(data.schema.to_json() | {"weight": None})
    table = data.table("train").drop_columns("__row__")
    even = write(tmp_path / "even", table, schema, (200, 50))
    uneven = write(tmp_path / "uneven", table, data.schema, (200, 50))
    one, other = (weights(trained(folder)[0]) for folder in (even, uneven))
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_pictures_get_a_convolutional_network_by_default(trained, pictures):
    out, _ = trained(pictures, model=ModelConfig(), epochs=1, batch_size=96)
    assert json.loads((out / "architecture.json").read_text())["name"] == "resnet_small"


def test_pictures_are_learned_from_changed_views_unless_that_is_switched_off(trained, pictures):
    out, _ = trained(pictures, model="resnet_small", epochs=6)
    assert accuracy(out, pictures) > 0.9
    plain, _ = trained(pictures, model="resnet_small", epochs=6, augment=False)
    assert digests(plain) != digests(out)


def test_few_labels_are_few_in_validation_too_and_are_written_down(trained, tabular):
    out, details = trained(tabular, labels_per_class=5)
    assert details["labels"] == {"train": 10, "validation": 10}
    labels = json.loads((out / "labels.json").read_text())
    rows = Dataset.open(tabular).table("validation")["__row__"].to_pylist()
    assert len(labels["validation_rows"]) == 10
    assert set(labels["validation_rows"]) < set(rows)


def test_a_share_of_the_labels_is_the_same_share_of_both_splits(trained, tabular):
    _, details = trained(tabular, label_fraction=0.2)
    assert details["labels"]["train"] == pytest.approx(60, abs=1)
    assert details["labels"]["validation"] == pytest.approx(20, abs=1)


def test_all_labels_are_the_case_where_no_rows_need_naming(trained, tabular):
    out, _ = trained(tabular)
    assert json.loads((out / "labels.json").read_text())["validation_rows"] is None


def test_fine_tuning_starts_at_the_pretrained_weights_and_keeps_their_preprocessing(
    trained, pretrained, tabular, tmp_path
):
    before, _ = pretrained(tabular, method="scarf")
    still, _ = trained(tabular, pretrained=before, epochs=1, learning_rate=1e-12, weight_decay=0.0)
    learned, kept = weights(before), weights(still)
    for name in learned:
        if not name.startswith("head."):
            torch.testing.assert_close(kept[name], learned[name], rtol=0, atol=1e-9)
    assert (still / "preprocess.json").read_bytes() == (before / "preprocess.json").read_bytes()


def test_a_linear_probe_moves_the_head_alone(trained, pretrained, tabular):
    before, _ = pretrained(tabular, method="scarf")
    probe, _ = trained(tabular, pretrained=before, mode="linear_probe", epochs=20)
    learned, kept = weights(before), weights(probe)
    assert all(torch.equal(kept[name], learned[name]) for name in learned if not name.startswith("head."))
    assert not torch.equal(kept["head.weight"], learned["head.weight"])
    assert accuracy(probe, tabular) > 0.6


def test_a_stage_that_was_cut_short_ends_with_the_same_bytes(trained, tabular, tmp_path):
    class CutShortError(Exception):
        pass

    def cut(progress):
        if progress.step >= 13:
            raise CutShortError

    with pytest.raises(CutShortError):
        trained(tabular, scratch=tmp_path / "scratch", progress=cut, checkpoint_seconds=0.0)
    out, details = trained(tabular, scratch=tmp_path / "scratch", checkpoint_seconds=0.0)
    assert details["resumed_from"] >= 1
    assert digests(out) == digests(trained(tabular)[0])


def test_checkpoints_of_other_settings_are_not_gone_on_from(trained, tabular, tmp_path):
    trained(tabular, scratch=tmp_path / "scratch")
    _, details = trained(tabular, scratch=tmp_path / "scratch", learning_rate=2e-2)
    assert details["resumed_from"] is None


@pytest.mark.parametrize(
    ("model", "settings", "named"),
    [
        (ModelConfig(architecture="mpl"), {}, "'mlp'"),
        (ModelConfig(architecture="mlp", options={"widht": 3}), {}, "'width'"),
        (ModelConfig(architecture="mlp", options={"width": "wide"}), {}, "model.options"),
        (ModelConfig(architecture="mlp", options={"width": -4}), {}, "model.options"),
        (ModelConfig(), {"optimizer": "adamww"}, "'adamw'"),
        (ModelConfig(), {"schedule": "onecycle"}, "'one_cycle'"),
    ],
)
def test_what_is_not_in_the_catalog_is_refused_with_the_nearest_name(
    trained, tabular, model, settings, named
):
    with pytest.raises(SpecError) as caught:
        trained(tabular, model=model, **settings)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"model": "resnet_small"}, "model.architecture"),
        ({"mode": "linear_probe"}, "train.mode"),
    ],
)
def test_what_does_not_go_together_is_refused(trained, tabular, settings, named):
    with pytest.raises(CombinationError, match=named):
        trained(tabular, **settings)


@pytest.mark.parametrize("settings", [{"labels_per_class": 3}, {"label_smoothing": 0.1}])
def test_a_regression_has_no_classes_to_count_or_smooth(trained, prices, settings):
    with pytest.raises(CombinationError, match="regression"):
        trained(prices, **settings)


def test_pretrained_weights_of_another_network_are_refused(trained, pretrained, tabular):
    before, _ = pretrained(tabular, method="scarf")
    wider = ModelConfig(architecture="mlp", options={"width": 32})
    with pytest.raises(CombinationError, match="another one"):
        trained(tabular, pretrained=before, model=wider)
