"""Explanations of a model of images: pictures of single predictions with where it looked."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from . import attention_rollout, deletion, grad_cam, occlusion, overlay, randomization, stability
from .examples import KINDS, Example, choose
from .pixels import Pixels, images_of, table_of
from .section import Section, checks
from .subject import Subject

CHECKED_ROWS = 64
SMALLEST_MAP = 4
_NOISE = 0.02 * 255
"""Standard deviation of the noise on each byte."""

Heat = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From images `(rows, channels, height, width)` uint8 and classes `(rows,)` to maps `(rows, h, w)`."""


def looked_at(subject: Subject) -> Section:
    """Grad-CAM."""
    if not hasattr(subject.module, "maps"):
        return Section(missing="the model does not show the feature maps that Grad-CAM weighs")

    def by_module(module: Any) -> Heat:
        def heat(images: np.ndarray, target: np.ndarray) -> np.ndarray:
            (inputs,) = subject.inputs(table_of(images))
            return grad_cam.heat(module, inputs, torch.from_numpy(target))

        return heat

    return _section(subject, "grad_cam", by_module(subject.module), by_module)


def occluded(subject: Subject) -> Section:
    """Occlusion of the cells of a grid."""
    pixels = Pixels.of(subject.predictor, subject.background)
    heat = partial(occlusion.patches, pixels, grid=pixels.grid)
    return _section(subject, "occlusion", heat)


def rolled_out(subject: Subject) -> Section:
    """Attention rollout, and the heads of the first example."""
    if not attention_rollout.has_attention(subject.module) or not hasattr(subject.module, "grid"):
        return Section(missing="the model does not show a network with attention over patches")

    def by_module(module: Any) -> Heat:
        return lambda images, _: attention_rollout.to_cells(module, *subject.inputs(table_of(images)))

    found = _section(subject, "attention_rollout", by_module(subject.module), by_module, stretched=True)
    chosen = _chosen(subject)
    if chosen and not found.missing:
        row = np.array([chosen[0].index])
        image = images_of(subject.take(row), subject.predictor.schema.image)
        maps = attention_rollout.heads(subject.module, *subject.inputs(table_of(image)))[0]
        overlay.draw_grid(grad_cam.peaked(maps), subject.pictures / "attention_heads.png")
        found.body["heads"] = {
            "row": subject.describe(chosen[0])["row"],
            "layers": int(maps.shape[0]),
            "heads": int(maps.shape[1]),
            "picture": f"{subject.pictures.name}/attention_heads.png",
        }
    return found


def _section(
    subject: Subject,
    name: str,
    heat: Heat,
    of_module: Callable[[Any], Heat] | None = None,
    *,
    stretched: bool = False,
) -> Section:
    """Single examples, drawn, and whether the maps can be believed.

    Args:
        name: the method, in the names of pictures and checks.
        heat: the method on some images.
        of_module: the method for another network; None where it doesn't look at weights.
        stretched: maps have no zero that means nothing: they are drawn from their least value on.
    """
    rows = subject.sample(CHECKED_ROWS)
    images = images_of(subject.take(rows), subject.predictor.schema.image)
    predicted = subject.predicted(rows).numpy()
    maps = heat(images, predicted)
    if min(maps.shape[1:]) < SMALLEST_MAP:
        return Section(
            missing=f"its maps are {maps.shape[1]}×{maps.shape[2]}: too coarse to point at anything"
        )
    return Section(
        body={
            "examples": _pictures(subject, name, heat, grad_cam.peaked if stretched else _lit),
            "settings": {
                "of": "the predicted class",
                "map": f"{maps.shape[1]}×{maps.shape[2]} cells",
                "drawn": "each map from its least to its largest value"
                if stretched
                else "each map divided by its own largest value",
                "pictures": "left the image, right the same with bright where the network looked",
            },
        },
        faithfulness=_faithfulness(subject, name, images, predicted, maps, heat, of_module),
    )


def _chosen(subject: Subject) -> tuple[Example, ...]:
    # A network that looks at the wrong thing may do so in one class only: more of them than of table rows.
    count = subject.config.examples * len(KINDS)
    return choose(subject.y_true, subject.y_pred, subject.scores, count=count)


def _lit(maps: np.ndarray) -> np.ndarray:
    return grad_cam.normalized(np.maximum(maps, 0))


def _pictures(
    subject: Subject, name: str, heat: Heat, drawn: Callable[[np.ndarray], np.ndarray]
) -> list[dict[str, Any]]:
    """One line and one PNG an example; `config.examples` of each kind, classes in turn."""
    chosen = _chosen(subject)
    if not chosen:
        return []
    rows = np.array([example.index for example in chosen])
    images = images_of(subject.take(rows), subject.predictor.schema.image)
    maps = drawn(heat(images, subject.predicted(rows).numpy()))
    return [
        _picture(subject, name, *each) for each in zip(chosen, unit(images), maps, strict=True)
    ]  # fmt: skip


def _picture(
    subject: Subject, method: str, example: Example, image: np.ndarray, heat: np.ndarray
) -> dict[str, Any]:
    found = subject.describe(example)
    name = f"{method}_{example.kind}_{found['row']}.png"
    overlay.draw(image, heat, subject.pictures / name)
    return found | {"picture": f"{subject.pictures.name}/{name}"}


def unit(images: np.ndarray) -> np.ndarray:
    """Images in [0, 1], each over its own range."""
    low, high = (edge(images.astype(float), axis=(1, 2, 3), keepdims=True) for edge in (np.min, np.max))
    return (images - low) / np.where(high > low, high - low, 1.0)


def _faithfulness(
    subject: Subject,
    name: str,
    images: np.ndarray,
    predicted: np.ndarray,
    maps: np.ndarray,
    heat: Heat,
    of_module: Callable[[Any], Heat] | None,
) -> dict[str, Any]:
    """Deletion, insertion, stability; and randomization where the method looks at weights.

    Cells and not pixels are deleted: scattered single pixels are noise that no network was trained on, and
    would make deletion at random look strong.
    """
    seed, flat, grid = subject.config.seed, maps.reshape(len(maps), -1), maps.shape[1:]
    found: dict[str, np.ndarray] = {}
    if of_module is not None:
        found["randomization_rank_correlation"] = randomization.rank_correlation(
            subject.module,
            flat,
            lambda module: of_module(module)(images, predicted).reshape(flat.shape),
            seed=seed,
        )
    pixels = Pixels.of(subject.predictor, subject.background)
    output = pixels.score(images, predicted)

    def score(gone: np.ndarray, row: np.ndarray) -> np.ndarray:
        said = pixels.score(pixels.without(images[row], gone, grid), predicted[row])
        # Regression: how far the value moves, to either side.
        return -np.abs(said - output[row]) if subject.predictor.task == "regression" else said

    deleted, inserted = deletion.advantages(score, flat, seed=seed)
    alike, change = stability.stability(
        lambda noisy: heat(noisy, predicted).reshape(flat.shape),
        lambda rng: _noisy(images, rng),
        seed,
        flat,
    )
    found |= {"deletion_advantage": deleted, "insertion_advantage": inserted}
    found |= {"stability_rank_correlation": alike, "stability_change": change}
    return checks(name, seed, **found)


def _noisy(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    changed = images + rng.normal(scale=_NOISE, size=images.shape)
    return np.clip(changed.round(), 0, 255).astype(np.uint8)
