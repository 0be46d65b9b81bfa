"""What a representation is said to be worth."""

import json

import pytest
import torch
from assay.platform.training.config import ModelConfig
from assay.platform.training.evaluation import evaluation, scores
from assay.platform.training.rows import Rows
from torch import nn


class Identity(nn.Module):
    """A network that represents a row by itself."""

    rows_at_once = 4096

    def __init__(self, width: int):
        super().__init__()
        self.width = width

    def encode(self, features: torch.Tensor) -> torch.Tensor:
        return features


def rows(count: int, *, classes: int, seed: int) -> Rows:
    """Rows that lie in the direction of their class, or whose target is linear in them."""
    draw = torch.Generator().manual_seed(seed)
    if classes:
        target = torch.randint(classes, (count,), generator=draw)
        features = torch.eye(classes)[target] + 0.05 * torch.randn(count, classes, generator=draw)
        return Rows(inputs=(features,), target=target)
    features = torch.randn(count, 4, generator=draw)
    return Rows(inputs=(features,), target=features @ torch.tensor([1.0, -2.0, 0.5, 0.0]))


def test_directions_that_are_the_classes_score_one():
    train, validation = rows(200, classes=3, seed=0), rows(50, classes=3, seed=1)
    found = scores(Identity(train.inputs[0].shape[1]), train, validation, classes=3, seed=0)
    assert (found["knn"], found["linear_probe"]) == (1.0, 1.0)


def test_a_target_that_is_linear_in_the_features_has_an_r_squared_of_one():
    train, validation = rows(400, classes=0, seed=0), rows(50, classes=0, seed=1)
    found = scores(Identity(train.inputs[0].shape[1]), train, validation, classes=0, seed=0)
    assert found["linear_probe"] == pytest.approx(1, abs=1e-3)
    assert 0.3 < found["knn"] < 1


def test_features_that_say_nothing_score_like_chance():
    draw = torch.Generator().manual_seed(0)
    train, validation = (
        Rows(
            inputs=(torch.randn(1000, 3, generator=draw),),
            target=torch.randint(2, (1000,), generator=draw),
        )
        for _ in range(2)
    )
    found = scores(Identity(train.inputs[0].shape[1]), train, validation, classes=2, seed=0)
    assert (found["knn"], found["linear_probe"]) == pytest.approx((0.5, 0.5), abs=0.07)


def test_a_target_that_does_not_vary_leaves_the_scores_out():
    train, validation = rows(40, classes=2, seed=0), rows(5, classes=2, seed=1)
    alike = Rows(inputs=validation.inputs, target=torch.zeros(5, dtype=torch.long))
    assert scores(Identity(train.inputs[0].shape[1]), train, alike, classes=2, seed=0).keys() == {
        "feature_std"
    }


def test_collapse_is_said():
    train = rows(40, classes=2, seed=0)
    same = Rows(inputs=(torch.ones(40, 2),), target=train.target)
    after = scores(Identity(same.inputs[0].shape[1]), same, same, classes=2, seed=0)
    assert evaluation(after, after, same, same, 2)["collapsed"]
    spread = scores(Identity(train.inputs[0].shape[1]), train, train, classes=2, seed=0)
    assert not evaluation(after, spread, train, train, 2)["collapsed"]


@pytest.mark.parametrize(
    ("data", "model", "method"),
    [("tabular", "mlp", "masked_features"), ("pictures", "resnet_small", "vicreg")],
)
def test_the_pretraining_artifact_holds_the_scores_before_and_after(pretrained, request, data, model, method):
    dataset = request.getfixturevalue(data)
    (out, details), (again, _) = (pretrained(dataset, model=model, method=method, epochs=1) for _ in range(2))
    found = json.loads((out / "evaluation.json").read_text())
    assert found["metric"] == "accuracy"
    for moment in ("before", "after"):
        assert found[moment].keys() == {"feature_std", "knn", "linear_probe"}
        assert 0 <= found[moment]["knn"] <= 1
    assert found["before"] != found["after"]
    assert details["collapsed"] is found["collapsed"] is False
    assert (out / "evaluation.json").read_bytes() == (again / "evaluation.json").read_bytes()


def test_a_network_that_was_not_moved_scores_as_it_did_before(pretrained, pictures):
    network = ModelConfig(architecture="resnet_small", options={"channels": 8})
    out, _ = pretrained(pictures, model=network, method="simclr", epochs=1, learning_rate=1e-12)
    found = json.loads((out / "evaluation.json").read_text())
    assert found["before"] == pytest.approx(found["after"], abs=1e-3)
