"""A model artifact made by hand: a network that nobody trained."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import inputs_from_dict
from assay.platform.data.dataset import Dataset
from assay.platform.data.preprocess import Preprocessor
from assay.platform.predictor.artifact import POSTPROCESS, network_outputs, save_network, write_json
from assay.platform.predictor.postprocess import Postprocess

OPTIONS = {"width": 16, "depth": 1, "token_width": 4}


@pytest.fixture
def artifact(tmp_path: Path) -> Callable[..., Path]:
    """Write the artifact of an untrained network for a dataset."""

    def make(dataset: Path, **postprocess) -> Path:
        data, folder = Dataset.open(dataset), tmp_path / "model"
        preprocessor = Preprocessor.fit(data.table("train"), data.schema)
        image = data.schema.modality == "image"
        name, options = ("resnet_small", {"channels": 8}) if image else ("mlp", OPTIONS)
        torch.manual_seed(0)
        inputs = inputs_from_dict(preprocessor.inputs())
        network = build(name, inputs, network_outputs(preprocessor), **options)
        save_network(folder, network, name=name, options=options, preprocessor=preprocessor)
        scale = preprocessor.scale
        made = Postprocess(
            task=data.schema.task,
            classes=data.schema.classes,
            positive=data.schema.positive,
            target_scale=None if scale is None else {"mean": scale.mean, "std": scale.std},
            **postprocess,
        )
        write_json(folder / POSTPROCESS, made.to_json())
        return folder

    return make
