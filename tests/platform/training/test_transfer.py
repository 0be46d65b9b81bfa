"""The modes of training, through the stage, on what pretraining left."""

import json

import pytest
import safetensors.torch
import torch
from assay.models.catalog import build
from assay.models.inputs import TabularInput
from assay.models.layer_groups import layer_groups
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import CombinationError
from assay.platform.predictor.artifact import load_network
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.training.config import LoraConfig, ModelConfig, TrainConfig
from assay.platform.training.tables import labelled
from assay.platform.training.transfer import transferring
from torch import nn

FT = ModelConfig(architecture="ft_transformer", options={"width": 8, "depth": 1, "heads": 2})


def weights(folder):
    return safetensors.torch.load_file(folder / "weights" / "model.safetensors")


def moved(folder, start, *, tolerance=0.0) -> set[str]:
    """Names of the tensors that differ from those that pretraining left, the head's left out."""
    after, before = weights(folder), weights(start)
    return {
        name
        for name, tensor in before.items()
        if not name.startswith("head") and float((after[name] - tensor).abs().max()) > tolerance
    }


@pytest.fixture
def start(pretrained, tabular):
    return pretrained(tabular, model=FT, method="scarf")[0]


def test_scratch_takes_the_preprocessing_and_none_of_the_weights(trained, start, tabular):
    alone, _ = trained(tabular, model=FT)
    scratch, details = trained(tabular, model=FT, pretrained=start, mode="scratch")
    assert weights(scratch).keys() == weights(alone).keys()
    assert all(torch.equal(weights(scratch)[name], tensor) for name, tensor in weights(alone).items())
    assert details["mode"] == "scratch"
    learned = json.loads((start / "preprocess.json").read_text())
    assert json.loads((scratch / "preprocess.json").read_text()) == learned


def test_gradual_frees_one_group_an_epoch_from_the_head_down(trained, start, tabular):
    network, _ = load_network(start)
    groups = [
        {name for name, parameter in network.named_parameters() if any(parameter is one for one in group)}
        for group in layer_groups(network)
    ]
    assert len(groups) == 3
    for epochs, expected in ((1, set()), (2, groups[1]), (3, groups[0] | groups[1])):
        found, _ = trained(
            tabular, model=FT, pretrained=start, mode="gradual", epochs=epochs, keep="last", patience=None
        )
        assert moved(found, start) == expected


def test_lora_leaves_a_plain_network_whose_matrices_moved_by_a_low_rank(trained, start, tabular):
    found, _ = trained(tabular, model=FT, pretrained=start, mode="lora", lora=LoraConfig(rank=2))
    after, before = weights(found), weights(start)
    assert after.keys() == before.keys()
    changed = moved(found, start)
    assert len(changed) == 4
    assert all("blocks" in name and name.endswith("weight") for name in changed)
    ranks = {int(torch.linalg.matrix_rank(after[name] - before[name], tol=1e-5)) for name in changed}
    assert ranks == {2}


def test_lora_is_private_as_two_linear_layers_beside_a_frozen_one(trained, start, tabular):
    found, details = trained(
        tabular, model=FT, pretrained=start, mode="lora", lora=LoraConfig(rank=2), epochs=1,
        privacy=PrivacyConfig(epsilon=8.0, noise_seed=0, canaries=0),
    )  # fmt: skip
    assert details["privacy"]["epsilon"] <= 8.0
    assert len(moved(found, start)) == 4


@pytest.mark.parametrize(
    "settings",
    [{"mode": "lora"}, {"mode": "lora", "ema": 0.9}, {"mode": "gradual", "ema": 0.9}, {"mode": "scratch"}],
    ids=str,
)
def test_the_artifact_has_the_loss_that_was_judged_and_it_learned(trained, start, tabular, settings):
    found, details = trained(tabular, model=FT, pretrained=start, epochs=8, **settings)
    history = json.loads((found / "history.json").read_text())
    network, preprocessor = load_network(found)
    rows = labelled(preprocessor, Dataset.open(tabular).table("validation"), torch.device("cpu"))
    with torch.no_grad():
        loss = nn.functional.cross_entropy(network.eval()(*rows.inputs), rows.target).item()
    judged = [entry["validation_loss"] for entry in history]
    assert loss == pytest.approx(judged[details["best_epoch"] - 1], rel=1e-4)
    assert min(judged) < 0.95 * judged[0]


def test_lora_with_averaged_weights_is_merged_from_the_averages(trained, start, tabular):
    settings = {"model": FT, "pretrained": start, "mode": "lora", "epochs": 2, "keep": "last"}
    plain, _ = trained(tabular, **settings)
    averaged, _ = trained(tabular, **settings, ema=0.99)
    assert moved(plain, averaged) == moved(plain, start)


def test_layers_move_the_less_the_further_they_are_from_the_head(trained, start, tabular):
    def distance(folder, part):
        pairs = ((weights(folder)[name], tensor) for name, tensor in weights(start).items() if part in name)
        return sum(float((after - before).square().sum()) for after, before in pairs) ** 0.5

    settings = {"model": FT, "pretrained": start, "epochs": 2, "weight_decay": 0.0}
    even, _ = trained(tabular, **settings)
    decayed, _ = trained(tabular, **settings, layer_decay=0.1)
    shrunk = {part: distance(decayed, part) / distance(even, part) for part in ("embedding", "blocks.0")}
    assert shrunk["embedding"] < 0.1
    assert shrunk["embedding"] < shrunk["blocks.0"] < 0.5


@pytest.mark.parametrize("mode", ["linear_probe", "gradual", "lora"])
def test_a_mode_that_moves_a_part_needs_weights_that_were_learned(trained, tabular, mode):
    with pytest.raises(CombinationError, match=f"train.mode {mode} needs pretrained weights"):
        trained(tabular, mode=mode)


def test_lora_needs_a_linear_layer():
    inputs = TabularInput(numeric=2, cardinalities=(), bins=((0.0, 1.0), (0.0, 1.0)))
    perceptron = build("perceptron", inputs, 2)
    with (
        pytest.raises(CombinationError, match="nothing to adapt"),
        transferring(TrainConfig(mode="lora"), perceptron),
    ):
        pass


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"mixup": 0.2}, "train.mixup can't be had with tabular data"),
        ({"accumulate": 2, "privacy": PrivacyConfig()}, "train.accumulate can't be had with privacy"),
        ({"schedule": "plateau", "privacy": PrivacyConfig()}, "train.schedule can't be had with privacy"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_before_training(trained, tabular, settings, match):
    with pytest.raises(CombinationError, match=match):
        trained(tabular, **settings)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"mode": "gradual", "workers": 2}, "train.mode can't be had with 2 workers"),
        ({"mode": "gradual", "privacy": PrivacyConfig()}, "train.mode can't be had with privacy"),
        (
            {"mode": "linear_probe", "layer_decay": 0.5},
            "train.layer_decay can't be had with mode linear_probe",
        ),
    ],
)
def test_modes_that_contradict_other_settings_are_refused(trained, start, tabular, settings, match):
    with pytest.raises(CombinationError, match=match):
        trained(tabular, model=FT, pretrained=start, **settings)


def test_mixing_needs_images_whole_and_classes(trained, pictures, prices, pretrained):
    with pytest.raises(CombinationError, match=r"train\.cutmix can't be had with regression"):
        trained(prices, cutmix=1.0)
    with pytest.raises(CombinationError, match=r"train\.cutmix can't be had with privacy"):
        trained(pictures, model="resnet_small", cutmix=1.0, privacy=PrivacyConfig())
    folder, _ = pretrained(pictures, model="resnet_small", method="simclr", epochs=1)
    with pytest.raises(CombinationError, match=r"train\.mixup can't be had with mode linear_probe"):
        trained(pictures, model="resnet_small", pretrained=folder, mode="linear_probe", mixup=0.2)


def test_mixed_images_train_and_the_network_learns_them(trained, pictures):
    _, details = trained(pictures, model="resnet_small", mixup=0.4, cutmix=1.0, epochs=2)
    assert details["epochs"] == 2
