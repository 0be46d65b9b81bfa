"""Grad-CAM: where the last maps speak for a class.

    L = ReLU(Σ_k α_k A^k),  α_k = mean over positions of ∂y_class / ∂A^k      (the paper's equations 1 and 2)

Selvaraju et al., "Grad-CAM" (2017), section 3, https://arxiv.org/abs/1610.02391; computed by captum.
"""

from typing import Any

import numpy as np
import torch
from captum.attr import LayerGradCam
from torch import Tensor

from .outputs import slices

_ROWS_AT_ONCE = 64


def heat(module: Any, images: Tensor, target: Tensor) -> np.ndarray:
    """The map of each image, as coarse as the network's: `(batch, h, w)`, all 0 or more.

    Args:
        module: has `maps`, the submodule through which the feature maps pass, and returns logits.
        images: `(batch, channels, height, width)`.
        target: codes `(batch,)`; regression: zeros.
    """
    method = LayerGradCam(module, module.maps)
    found = []
    for part, codes in slices(images, target, batch=_ROWS_AT_ONCE):
        # Frozen weights alone would leave the maps without a gradient.
        maps = method.attribute(part.clone().requires_grad_(), target=codes, relu_attributions=True)
        assert isinstance(maps, Tensor)
        found.append(maps.detach()[:, 0])
    return torch.cat(found).numpy()


def normalized(maps: np.ndarray) -> np.ndarray:
    """Maps divided by their own largest value; a map of zeros stays zero."""
    largest = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, largest, out=np.zeros_like(maps), where=largest > 0)


def peaked(maps: np.ndarray) -> np.ndarray:
    """Maps `(…, h, w)` stretched each from its least value to its largest, so that 0 and 1 are there."""
    low, high = (edge(maps, axis=(-2, -1), keepdims=True) for edge in (np.min, np.max))
    return (maps - low) / np.where(high > low, high - low, 1.0)
