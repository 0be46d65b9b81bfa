"""Explanations of a model of images: pictures of single predictions with what the network looked at."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from . import deletion, grad_cam, overlay, randomization
from .examples import KINDS, Example, choose
from .outputs import batched, probability
from .section import Section, checks
from .subject import Subject

CHECKED_ROWS = 64
SMALLEST_MAP = 4


def looked_at(subject: Subject) -> Section:
    """Grad-CAM of single examples, drawn, and whether the maps can be believed."""
    module = subject.predictor.module
    if not hasattr(module, "maps"):
        return Section(missing="the network does not show the feature maps that Grad-CAM weighs")
    rows = subject.sample(CHECKED_ROWS)
    (images,) = subject.inputs(rows)
    heat = grad_cam.heat(module, images, subject.predicted(rows))
    if min(heat.shape[1:]) < SMALLEST_MAP:
        return Section(
            missing=f"its feature maps are {heat.shape[1]}×{heat.shape[2]}: too coarse to point at anything"
        )
    return Section(
        body={
            "examples": _pictures(subject),
            "settings": {
                "of": "the predicted class",
                "map": f"{heat.shape[1]}×{heat.shape[2]} cells, each divided by its own largest value",
                "pictures": "left the image, right the same with bright where the network looked",
            },
        },
        faithfulness=_faithfulness(subject, rows, heat),
    )


def _pictures(subject: Subject) -> list[dict[str, Any]]:
    """One line and one PNG an example; `config.examples` of each kind, classes in turn."""
    # A network that looks at the wrong thing may do so in one class only: more of them than of table rows.
    count = subject.config.examples * len(KINDS)
    chosen = choose(subject.y_true, subject.y_pred, subject.scores, count=count)
    if not chosen:
        return []
    rows = np.array([example.index for example in chosen])
    (images,) = subject.inputs(rows)
    heat = grad_cam.normalized(grad_cam.heat(subject.predictor.module, images, subject.predicted(rows)))
    plain = _unit(images.numpy())
    return [_picture(subject, *each) for each in zip(chosen, plain, heat, strict=True)]


def _picture(subject: Subject, example: Example, image: np.ndarray, heat: np.ndarray) -> dict[str, Any]:
    found = subject.describe(example)
    name = f"grad_cam_{example.kind}_{found['row']}.png"
    overlay.draw(image, heat, subject.pictures / name)
    return found | {"picture": f"{subject.pictures.name}/{name}"}


def _unit(images: np.ndarray) -> np.ndarray:
    """Standardised channels back to [0, 1], each image over its own range."""
    low, high = (edge(images, axis=(1, 2, 3), keepdims=True) for edge in (np.min, np.max))
    return (images - low) / np.where(high > low, high - low, 1.0)


def _faithfulness(subject: Subject, rows: np.ndarray, heat: np.ndarray) -> dict[str, Any]:
    """Do the maps change with the weights, and does deleting cells by them beat deleting at random?"""
    (images,), predicted, seed = subject.inputs(rows), subject.predicted(rows), subject.config.seed

    def flat_heat(module: nn.Module) -> np.ndarray:
        return grad_cam.heat(module, images, predicted).reshape(len(rows), -1)

    flat = heat.reshape(len(rows), -1)
    same = randomization.rank_correlation(subject.predictor.module, flat, flat_heat, seed=seed)
    gain = _deletion(subject, images, flat, heat.shape[1:], predicted)
    return checks("grad_cam", seed, randomization_rank_correlation=same, deletion_advantage=gain)


def _deletion(
    subject: Subject, images: Tensor, flat: np.ndarray, grid: tuple[int, ...], predicted: Tensor
) -> np.ndarray:
    """Replace cells of the map's grid by the mean train image, the hottest first.

    Cells and not pixels: scattered single pixels are noise that no network was trained on, and would make
    deletion at random look strong.
    """
    module = subject.predictor.module
    (train,) = subject.predictor.inputs(subject.background)
    mean, cell = train.mean(dim=0), torch.from_numpy(cells(images.shape[2], images.shape[3], grid))

    output = batched(module, images)

    def score(gone: Tensor, row: Tensor) -> Tensor:
        hidden = gone[:, cell][:, None]  # (n, 1, height, width)
        logits = module(torch.where(hidden, mean, images[row]))
        if logits.shape[1] == 1:  # regression: how far the output moves, to either side
            return -(logits - output[row])[:, 0].abs()
        return probability(logits, predicted[row])

    return deletion.advantage(score, flat, seed=subject.config.seed)


def cells(height: int, width: int, grid: tuple[int, ...]) -> np.ndarray:
    """Which cell of the grid each pixel lies in, `(height, width)`."""
    rows, columns = np.arange(height) * grid[0] // height, np.arange(width) * grid[1] // width
    return rows[:, None] * grid[1] + columns
