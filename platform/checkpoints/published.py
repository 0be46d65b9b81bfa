"""A network of the catalog with published weights: `config.json` names it, safetensors hold its tensors.

    config.json               {"architecture": "efficientnet_lite0", "options": {}}
    preprocessor_config.json  size, mean and deviation of the images that it was trained on
    model.safetensors         under our names, or under those of the original, with `_` before each

Names: those of github.com/lukemelas/EfficientNet-PyTorch, from which EfficientNet-Lite's weights are spread.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from ...models.catalog import build as build_published
from ...models.inputs import ImageInput, TabularInput, TextInput
from ..exceptions import ModelError
from ..predictor.untrusted import load_weights
from .pictures import PictureBackbone, sizes
from .tensors import tensors_of

__all__ = ["build", "load"]


def build(
    inputs: TabularInput | ImageInput | TextInput,
    outputs: int,
    *,
    architecture: str,
    options: Mapping[str, Any],
    images: Mapping[str, Any],
) -> PictureBackbone:
    """The network with fresh weights.

    Raises:
        ModelError: the data aren't images.
        UnknownNameError: no such architecture or option in the catalog.
    """
    if not isinstance(inputs, ImageInput):
        raise ModelError(
            "the checkpoint is for other data", got=f"{architecture} and no images", expected="images"
        )
    body = build_published(architecture, sizes(inputs, images), 1, **options)
    body.head = nn.Identity()
    return PictureBackbone(body, body.width, outputs, images)


def load(network: PictureBackbone, files: Mapping[str, Path]) -> list[str]:
    """Put the files' tensors into the network's body; names of those that belong to another head.

    Raises:
        ModelError: they aren't exactly the network's.
    """
    found = {_renamed(key): tensor for key, tensor in tensors_of(files).items()}
    heads = sorted(key for key in found if key.startswith("head."))
    load_weights(network.body, {key: tensor for key, tensor in found.items() if key not in heads})
    return heads


def _renamed(key: str) -> str:
    """`_blocks.0._bn1.weight` -> `blocks.0.bn1.weight`, and `_fc` -> `head`."""
    return re.sub(r"^fc\.", "head.", re.sub(r"(^|\.)_", r"\1", key))
