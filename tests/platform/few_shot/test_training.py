"""Training by episodes: it learns, it resumes bitwise, and what can't be had is refused."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import CombinationError, DataError, ModelError, SpecError
from assay.platform.few_shot.config import FewShotConfig
from assay.platform.few_shot.judging import answers, drawn
from assay.platform.few_shot.model import FewShotModel
from assay.platform.few_shot.training import train_few_shot
from assay.platform.predictor import load_model
from assay.platform.training import fit as loop
from assay.platform.training.config import ModelConfig, TrainConfig

SHAPE = {
    "way": 4,
    "shot": 1,
    "queries": 3,
    "train_queries": 3,
    "train_episodes": 30,
    "validation_episodes": 8,
}
NETWORK = ModelConfig(architecture="conv4", options={"width": 8, "norm": "group"})


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def train(signs: Path, folder: Path, *, model: ModelConfig = NETWORK, epochs: int = 3, **few_shot):
    out, scratch = folder / "out", folder / "scratch"
    out.mkdir(parents=True, exist_ok=True)
    details = train_few_shot(
        dataset=signs, model=model, out=out, scratch=scratch, few_shot=FewShotConfig(**{**SHAPE, **few_shot}),
        config=TrainConfig(epochs=epochs, learning_rate=5e-3, augment=False, checkpoint_seconds=0.0),
    )  # fmt: skip
    return details, out


def accuracy(signs: Path, model: Path, **few_shot) -> float:
    data, opened = Dataset.open(signs), FewShotModel.load(model)
    test, config = data.test_table(), FewShotConfig(**{**SHAPE, "episodes": 100, **few_shot})
    names = {name: code for code, name in enumerate(data.schema.classes)}
    target = np.array([names[label] for label in test["label"].to_pylist()])
    index = drawn(target, config, config.judged)
    given = answers(opened.learner, opened.rows(test), index, config.judged)
    return float((given == np.repeat(np.arange(config.way), config.queries)).mean())


@pytest.fixture(scope="module")
def prototypical(signs, tmp_path_factory) -> Path:
    return train(signs, tmp_path_factory.mktemp("prototypical"))[1]


def test_new_signs_are_told_apart_after_one_look_at_each(signs, prototypical):
    assert accuracy(signs, prototypical) > 0.9  # guessing is right in 0.25
    history = json.loads((prototypical / "history.json").read_bytes())
    assert [entry["epoch"] for entry in history] == [1, 2, 3]
    assert history[-1]["train_loss"] < history[0]["train_loss"]


@pytest.mark.parametrize("first_order", [False, True])
def test_maml_learns_new_signs_by_gradient_steps(signs, tmp_path, first_order):
    options = {"steps": 3, "learning_rate": 0.4, "first_order": first_order}
    _, out = train(signs, tmp_path, method="maml", options=options, epochs=4)
    assert accuracy(signs, out) > 0.6
    assert json.loads((out / "few_shot.json").read_bytes())["options"] == options


def test_a_run_that_is_killed_in_an_epoch_ends_with_the_same_bytes(
    signs, prototypical, tmp_path, monkeypatch
):
    class KilledError(Exception):
        pass

    steps, original = [], loop.Run._learn_batch

    def dying(run, rows, index):
        steps.append(run.steps_done)
        if len(steps) == 44:
            raise KilledError
        return original(run, rows, index)

    monkeypatch.setattr(loop.Run, "_learn_batch", dying)
    with pytest.raises(KilledError):
        train(signs, tmp_path)
    details, out = train(signs, tmp_path)
    assert details["resumed_from"] == 1
    assert steps[44] > 30  # it went on within the epoch
    assert digest(out) == digest(prototypical)


def test_checkpoints_of_other_episodes_are_not_gone_on_from(signs, tmp_path):
    train(signs, tmp_path, epochs=1)
    assert train(signs, tmp_path, epochs=1, train_queries=2)[0]["resumed_from"] is None
    assert train(signs, tmp_path, epochs=1, train_queries=2, episodes=7, seed=5)[0]["resumed_from"] == 1


def test_training_never_opens_the_test_signs(signs, prototypical, tmp_path):
    copy = tmp_path / "dataset"
    copy.mkdir()
    for file in signs.iterdir():
        if file.name != "test.parquet":
            (copy / file.name).write_bytes(file.read_bytes())
    assert digest(train(copy, tmp_path)[1]) == digest(prototypical)


def test_the_model_answers_whatever_classes_it_is_shown(signs, prototypical):
    data, model = Dataset.open(signs), FewShotModel.load(prototypical)
    test = data.test_table()
    labels = np.array(test["label"].to_pylist())
    shown = np.concatenate(
        [np.flatnonzero(labels == name)[: 1 + place] for place, name in enumerate(set(labels))]
    )
    asked = np.setdiff1d(np.arange(len(labels)), shown)
    scores, classes = model.answer(test.take(shown), test.take(asked).select(["image"]))
    assert classes == sorted(set(labels))
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    encoded = model.rows(test).double().numpy()
    means = np.stack([encoded[shown][labels[shown] == name].mean(axis=0) for name in classes])
    nearest = ((encoded[asked][:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(scores.argmax(axis=1), nearest)


def test_what_it_can_not_learn_from_is_refused(signs, prototypical):
    data, model = Dataset.open(signs), FewShotModel.load(prototypical)
    test = data.test_table()
    one = test.slice(0, 1)
    with pytest.raises(DataError, match="1 classes to learn from"):
        model.answer(one, test)
    with pytest.raises(DataError, match="label"):
        model.answer(test.select(["image"]), test)


def test_without_examples_it_answers_nothing_and_another_model_takes_none(signs, prototypical, tmp_path):
    with pytest.raises(ModelError, match="no classes of its own") as caught:
        load_model(prototypical)
    assert caught.value.exit_code == 2
    with pytest.raises(ModelError, match="doesn't learn from examples"):
        FewShotModel.load(tmp_path)


@pytest.mark.parametrize("told", [{"method": "maml"}, {"options": {"steps": 0}}, {"way": "x"}, {"more": 1}])
def test_a_description_that_was_changed_is_no_model(prototypical, tmp_path, told):
    for file in prototypical.rglob("*"):
        if file.is_file():
            (tmp_path / file.relative_to(prototypical)).parent.mkdir(exist_ok=True)
            (tmp_path / file.relative_to(prototypical)).write_bytes(file.read_bytes())
    description = json.loads((tmp_path / "few_shot.json").read_bytes())
    (tmp_path / "few_shot.json").write_text(json.dumps(description | told))
    with pytest.raises(ModelError, match=r"few_shot\.json can't be used"):
        FewShotModel.load(tmp_path)


def test_batch_normalization_with_maml_and_options_that_make_no_sense_are_refused(signs, tmp_path):
    batch = ModelConfig(architecture="conv4", options={"width": 8})
    with pytest.raises(CombinationError, match="maml can't train a network that normalizes over batches"):
        train(signs, tmp_path, method="maml", model=batch)
    with pytest.raises(SpecError, match=r"few_shot\.options can't be used"):
        train(signs, tmp_path, method="maml", options={"steps": 0})
    with pytest.raises(SpecError, match="did you mean 'steps'"):
        train(signs, tmp_path, method="maml", options={"step": 1})
    with pytest.raises(DataError, match="the train classes are too few"):
        train(signs, tmp_path, train_way=30)


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "weights" / "model.safetensors").read_bytes()).hexdigest()
