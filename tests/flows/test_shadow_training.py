"""Shadow models of the audit stage: how they are trained, and why there may be none."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from assay.audits.privacy.config import PrivacyAuditConfig
from assay.audits.privacy.lira import ShadowConfidences
from assay.flows import shadow_training
from assay.flows.shadow_training import NOT_FROM_SCRATCH, shadows_like
from assay.platform.exceptions import ModelError
from assay.platform.training.config import TrainConfig

LIRA = PrivacyAuditConfig(attacks=("lira",), shadows=4, seed=3)
LOSSES = [0.5, 0.3, 0.2, 0.4]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with what is read of a model's artifact."""
    (tmp_path / "architecture.json").write_text(json.dumps({"name": "mlp", "options": {}}))
    history = [{"epoch": epoch, "validation_loss": loss} for epoch, loss in enumerate(LOSSES, 1)]
    (tmp_path / "history.json").write_text(json.dumps(history))
    return tmp_path


def predictor(mixture: object = None) -> SimpleNamespace:
    inputs = {"kind": "tabular", "numeric": ["x"], "categorical": [], "columns": ["x"], "cardinalities": [],
              "bins": [[-1.0, 0.0, 1.0]]}  # fmt: skip
    return SimpleNamespace(
        classes=("no", "yes"),
        postprocess=SimpleNamespace(mixture=mixture),
        preprocessor=SimpleNamespace(targets=lambda table: np.arange(40) % 2, inputs=lambda: inputs),
        inputs=lambda table: (torch.zeros(40, 1), torch.zeros(40, 0, dtype=torch.int64)),
    )


def recipe_of(model: Path, train: TrainConfig, monkeypatch):
    """The recipe that shadow models would be trained by."""
    told = {}

    def remember(make, inputs, target, recipe, *, models):
        told.update(recipe=recipe, models=models, network=make())
        return ShadowConfidences(confidence=np.zeros((4, 40)), included=np.zeros((4, 40), dtype=bool))

    monkeypatch.setattr(shadow_training, "shadow_confidences", remember)
    assert isinstance(shadows_like(predictor(), model, pa.table({}), LIRA, train), ShadowConfidences)
    assert told["models"] == 4
    assert told["network"](torch.zeros(2, 1), torch.zeros(2, 0, dtype=torch.int64)).shape == (2, 2)
    return told["recipe"]


def test_they_are_trained_as_the_model_was_up_to_the_epoch_that_was_kept(model, monkeypatch):
    train = TrainConfig(
        epochs=6, batch_size=8, optimizer="sgd", optimizer_options={"momentum": 0.5}, learning_rate=0.2,
        weight_decay=0.3, clip=0.7, label_smoothing=0.1, schedule="cosine",
    )  # fmt: skip
    recipe = recipe_of(model, train, monkeypatch)
    assert recipe.epochs == 3
    assert (recipe.batch_size, recipe.learning_rate, recipe.weight_decay) == (8, 0.2, 0.3)
    assert (recipe.optimizer, recipe.optimizer_options) == ("sgd", {"momentum": 0.5})
    assert (recipe.clip, recipe.label_smoothing, recipe.seed) == (0.7, 0.1, 3)
    steps = 6 * 3  # of batches of 8 from 20 rows, half of the 40
    assert recipe.schedule(steps - 1) < 0.05 < 0.9 < recipe.schedule(0)


def test_where_the_last_epoch_is_kept_or_no_loss_is_told_they_learn_for_all_of_them(model, monkeypatch):
    assert recipe_of(model, TrainConfig(keep="last"), monkeypatch).epochs == 4
    (model / "history.json").write_text(json.dumps([{"epoch": 1}, {"epoch": 2}]))
    assert recipe_of(model, TrainConfig(), monkeypatch).epochs == 2


@pytest.mark.parametrize(
    ("train", "mixture"), [(None, None), (TrainConfig(), object())], ids=["pretrained", "mixture"]
)
def test_a_model_that_no_training_from_scratch_made_has_none(train, mixture, model):
    assert shadows_like(predictor(mixture), model, pa.table({}), LIRA, train) == NOT_FROM_SCRATCH


@pytest.mark.parametrize(
    "error", [ModelError("shadow models can't be stacked"), RuntimeError("vmap: no batching rule\nmore")]
)
def test_networks_that_can_not_be_stacked_are_said_to_be_so(error, model, monkeypatch):
    def refuse(*parts, **settings):
        raise error

    monkeypatch.setattr(shadow_training, "shadow_confidences", refuse)
    found = shadows_like(predictor(), model, pa.table({}), LIRA, TrainConfig())
    assert found == f"mlp networks can't be stacked: {str(error).splitlines()[0]}"
