"""Shadow models: many small networks of one kind, each trained on its own half of the rows, all at once.

Their weights are stacked along a first axis, so that one product of matrices serves all of them
(`torch.func`: `stack_module_state`, `vmap`, `functional_call`). Optimizers work element by element, so a
stack is trained by the same optimizers as one network; gradients are clipped model by model.
"""

import inspect
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from ...models.optimizers import OPTIMIZERS, decayed_and_spared
from ...platform.exceptions import ModelError
from .confidence import logit_confidence
from .lira import ShadowConfidences

__all__ = ["Recipe", "Shadows", "halves", "shadow_confidences", "train_shadows"]

ROWS_AT_ONCE = 1024


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How each model is trained; to be what the attacked model's training was."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    optimizer: str = "adamw"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    clip: float | None = 1.0
    label_smoothing: float = 0.0
    schedule: Callable[[int], float] = lambda step: 1.0
    """Factor on the learning rate at a step's number."""
    seed: int = 0


def halves(models: int, rows: int, *, rng: np.random.Generator) -> np.ndarray:
    """Which rows each model sees, (models, rows) bool: half of them, and each row is in half of the models.

    Models come in pairs that share the rows between them; an odd row is left out of both.

    Args:
        models: an even number.
        rows: two or more.
        rng: of the shares.
    """
    assert models % 2 == 0, models
    assert rows >= 2, rows
    included = np.zeros((models, rows), dtype=bool)
    for pair in range(0, models, 2):
        order, half = rng.permutation(rows), rows // 2
        included[pair, order[:half]] = True
        included[pair + 1, order[half : 2 * half]] = True
    return included


class Shadows:
    """Networks of one architecture whose weights are stacked.

    Args:
        networks: with equal shapes.

    Raises:
        ModelError: a layer keeps statistics of batches, which a stack can't update.
    """

    def __init__(self, networks: list[nn.Module]):
        for module in networks[0].modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                raise ModelError(
                    "shadow models can't be stacked",
                    got=type(module).__name__,
                    expected="layers without running statistics",
                    mend="take GroupNorm, or the loss_threshold attack alone",
                )
        self.prototype = deepcopy(networks[0])
        self.parameters, self.buffers = stack_module_state(networks)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Outputs `(models, batch, …)` of inputs that are `(models, batch, …)` each."""
        return vmap(self._one, in_dims=(0, 0) + (0,) * len(inputs), randomness="different")(
            self.parameters, self.buffers, *inputs
        )

    @torch.no_grad()
    def outputs(self, inputs: tuple[Tensor, ...]) -> np.ndarray:
        """What every model says of every row in evaluation mode, `(models, rows, …)` float64."""
        self.prototype.eval()
        told = vmap(self._one, in_dims=(0, 0) + (None,) * len(inputs))
        parts = zip(*(part.split(ROWS_AT_ONCE) for part in inputs), strict=True)
        return (
            torch.cat([told(self.parameters, self.buffers, *part) for part in parts], 1)
            .double()
            .cpu()
            .numpy()
        )

    def _one(self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], *inputs: Tensor) -> Tensor:
        with sdpa_kernel(SDPBackend.MATH):  # the other kernels of attention run a stack one by one
            return functional_call(self.prototype, (parameters, buffers), inputs)


def shadow_confidences(
    make: Callable[[], nn.Module],
    inputs: tuple[Tensor, ...],
    target: Tensor,
    recipe: Recipe,
    *,
    models: int = 16,
) -> ShadowConfidences:
    """Train shadow models on halves of these rows, and ask each of them about all rows.

    Members and others of the attacked model should be about as many: then a shadow model sees as many rows as
    the attacked one did.

    Args:
        make: gives an untrained network of the attacked architecture, `inputs` to logits.
        inputs: of all n rows, members and others, `(n, …)` each.
        target: (n,) codes of classes.
        recipe: how the attacked model was trained.
        models: an even number of 4 or more.

    Raises:
        ModelError: such a network can't be stacked.
    """
    included = halves(models, len(target), rng=np.random.default_rng(recipe.seed))
    shadows = train_shadows(make, inputs, target, included, recipe)
    confidence = logit_confidence(shadows.outputs(inputs), target.cpu().numpy())
    return ShadowConfidences(confidence=confidence, included=included)


def train_shadows(
    make: Callable[[], nn.Module],
    inputs: tuple[Tensor, ...],
    target: Tensor,
    included: np.ndarray,
    recipe: Recipe,
) -> Shadows:
    """Train one classifier a row of `included`, all of them in each step.

    Args:
        make: gives an untrained network, `inputs` to logits; called once a model, with the default generator
            seeded.
        inputs: of all rows, `(rows, …)` each.
        target: `(rows,)` codes of classes.
        included: (models, rows) bool: who learns from what; as many rows for each model.
        recipe: how.

    Raises:
        ModelError: such a network can't be stacked.
    """
    sizes = included.sum(axis=1)
    assert np.all(sizes == sizes[0]), "a stack needs as many rows for each model"
    own = torch.from_numpy(np.stack([np.flatnonzero(of) for of in included]))  # (models, size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        shadows = Shadows([make().to(target.device) for _ in own])
        shadows.prototype.train()
        optimizer, step = _optimizer(shadows, recipe), 0
        for _ in range(recipe.epochs):
            order = own.gather(1, torch.rand(own.shape).argsort(dim=1))
            for index in order.to(target.device).split(recipe.batch_size, dim=1):
                for group in optimizer.param_groups:
                    group["lr"] = recipe.learning_rate * recipe.schedule(step)
                _step(shadows, optimizer, tuple(part[index] for part in inputs), target[index], recipe)
                step += 1
    return shadows


def _step(
    shadows: Shadows, optimizer: optim.Optimizer, inputs: tuple[Tensor, ...], target: Tensor, recipe: Recipe
) -> None:
    """One update of each model by its own batch; `target` is (models, batch)."""
    optimizer.zero_grad(set_to_none=True)
    logits = shadows(*inputs)
    losses = F.cross_entropy(
        logits.flatten(0, 1), target.flatten(), reduction="sum", label_smoothing=recipe.label_smoothing
    )
    (losses / target.shape[1]).backward()  # the sum over models of each one's mean
    if recipe.clip is not None:
        _clip(list(shadows.parameters.values()), recipe.clip)
    optimizer.step()


def _clip(parameters: list[Tensor], bound: float) -> None:
    """Scale each model's gradient to a norm of at most `bound`."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients]).norm(dim=0)  # (models,)
    factors = (bound / (norms + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.view(-1, *[1] * (gradient.ndim - 1)))


def _optimizer(shadows: Shadows, recipe: Recipe) -> optim.Optimizer:
    """Weight decay where the attacked model has it: a stack of biases looks like a matrix, but isn't one."""
    decayed = {id(parameter) for parameter in decayed_and_spared(shadows.prototype)[0]}
    groups = {True: [], False: []}
    for name, parameter in shadows.prototype.named_parameters():
        if parameter.requires_grad:
            groups[id(parameter) in decayed].append(shadows.parameters[name])
    row = OPTIMIZERS[recipe.optimizer]
    factory = getattr(optim, row.factory)
    # A stack doesn't fit the cache, so it should be read but once; not every optimizer knows how.
    fused = {"fused": True} if "fused" in inspect.signature(factory).parameters else {}
    return factory(
        [
            {"params": of, "weight_decay": recipe.weight_decay if decay else 0.0}
            for decay, of in groups.items()
            if of
        ],
        lr=recipe.learning_rate,
        **fused,
        **{**row.options, **recipe.optimizer_options},
    )
