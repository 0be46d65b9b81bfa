"""A network of images behind the images that its weights know: their size, colours and scale.

The data's images stay as small as they are; each batch is enlarged on its way in, so a set of thumbnails
never has to fit memory at 224 pixels.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...models.inputs import ImageInput
from ...models.network import Network
from ..predictor.foreign.hugging_face import prepared

__all__ = ["PictureBackbone", "sizes"]

_KEPT = (
    "size", "crop_size", "do_resize", "do_center_crop", "do_rescale", "do_normalize",
    "resample", "rescale_factor", "image_mean", "image_std",
)  # fmt: skip


class PictureBackbone(Network):
    """Resize, scale and normalize as the checkpoint's `preprocessor_config.json` says, then its body.

    Args:
        body: from prepared images to one vector each, `(batch, width)`.
        width: length of that vector.
        outputs: number of classes, or 1 for regression.
        settings: of `preprocessor_config.json`.
    """

    rows_at_once = 64

    def __init__(self, body: nn.Module, width: int, outputs: int, settings: Mapping[str, Any]):
        super().__init__()
        self.body, self.width, self.settings = body, width, dict(settings)
        if hasattr(body, "maps"):
            self.maps = body.maps
        self.head = nn.Linear(width, outputs)

    def encode(self, images: Tensor) -> Tensor:
        """The body's vector of each image, `(batch, width)`, from values in [0, 1]."""
        return self.body(prepared(images * 255, self.settings))


def sizes(inputs: ImageInput, settings: Mapping[str, Any]) -> ImageInput:
    """What the body is fed: the shape of one of the data's images once it is prepared."""
    image = torch.zeros(1, inputs.channels, inputs.height, inputs.width)
    _, channels, height, width = prepared(image, dict(settings)).shape
    return ImageInput(channels=channels, height=height, width=width)


def kept(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of `preprocessor_config.json` that are followed."""
    return {key: settings[key] for key in _KEPT if key in settings}
