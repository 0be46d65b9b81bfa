"""Networks that learn nothing but their head: rows are encoded once, and pretraining is refused."""

import pytest
import torch
from assay.models.inputs import ImageInput
from assay.models.scattering import Scattering, ScatteringTransform
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import CombinationError
from assay.platform.predictor import Predictor
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.training.config import ModelConfig
from assay.platform.training.rows import Rows
from assay.platform.training.tables import encoded
from safetensors.torch import load_file

SCATTERING = ModelConfig(architecture="scattering")


def head(folder):
    """The weights that were stored."""
    return load_file(folder / "weights" / "model.safetensors")


def accuracy(folder, dataset):
    """On validation rows."""
    predictor, table = Predictor.load(folder), Dataset.open(dataset).table("validation")
    return (predictor.predict(table).argmax(axis=1) == predictor.preprocessor.targets(table)).mean()


def test_each_row_is_scattered_once_however_many_epochs_there_are(trained, pictures, monkeypatch):
    seen, scatter = [], ScatteringTransform.forward

    def counted(self, images):
        seen.append(len(images))
        return scatter(self, images)

    monkeypatch.setattr(ScatteringTransform, "forward", counted)
    trained(pictures, model=SCATTERING, epochs=5)
    data = Dataset.open(pictures)
    assert sum(seen) == data.table("train").num_rows + data.table("validation").num_rows


def test_what_is_learned_is_what_the_whole_network_would_have_learned(trained, pictures, monkeypatch):
    once, _ = trained(pictures, model=SCATTERING, patience=None)
    monkeypatch.setattr(Scattering, "fixed", False)
    whole, _ = trained(pictures, model=SCATTERING, patience=None, augment=False)
    for name, tensor in head(whole).items():
        torch.testing.assert_close(head(once)[name], tensor, rtol=1e-3, atol=1e-4)
    assert accuracy(once, pictures) > 0.8


def test_it_is_trained_privately_as_it_is(trained, pictures):
    budget = PrivacyConfig(epsilon=8.0, delta=1e-4, accountant="rdp", noise_seed=5)
    out, details = trained(pictures, model=SCATTERING, privacy=budget, epochs=8, patience=None)
    assert head(out).keys() == {"head.weight", "head.bias"}
    assert 7 < details["privacy"]["epsilon"] <= 8
    assert accuracy(out, pictures) > 0.7


def test_there_is_nothing_to_pretrain(pretrained, pictures):
    with pytest.raises(CombinationError, match="simclr with scattering") as caught:
        pretrained(pictures, model=SCATTERING, method="simclr")
    assert "leave pretrain out" in str(caught.value)


def test_no_rows_are_encoded_as_no_rows():
    network = Scattering(ImageInput(channels=1, height=8, width=8), 2)
    found = encoded(network, Rows(inputs=(torch.empty(0, 1, 8, 8),), target=torch.empty(0)))
    assert found.inputs[0].shape == (0, network.width)
