"""Reductions: fairness as a game, played with our training loop as the learner.

Agarwal et al., "A Reductions Approach to Fair Classification" (2018), https://arxiv.org/abs/1803.02453

The game itself is Fairlearn's. Each of its moves is a weighted classification with other labels, which
`Learner` answers by fitting a network. Exponentiated gradient ends in a mixture of networks, grid search in
one for each multiplier.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from ...models.network import Network
from ..predictor.forward import forward
from .groups import Groups
from .methods import Constraint, check_installed
from .trainer import Fitted, Trainer

_REACH = 0.5
"""Grid search: the largest multiplier, in errors for a unit of gap. Fairlearn's default of 2 spends most of a
small grid where nobody wants to be."""

_NEGLIGIBLE = 1e-3
"""Networks that decide for fewer rows than this are left out of the mixture."""


@dataclass
class Learner:
    """What Fairlearn takes for an estimator. Its features are row numbers: the rows lie in the trainer.

    Attributes:
        trainer: fits.
        name: of the fits, which are numbered in the order in which they are asked for.
        count: shared by all copies, so that no two fits get one number.
        fitted: this copy's network.
    """

    trainer: Trainer
    name: str
    count: list[int]
    fitted: Fitted | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "Learner":
        """Fairlearn copies its estimator for each move; the rows and the count are shared."""
        return Learner(self.trainer, self.name, self.count)

    def fit(self, X: np.ndarray, y: Any, sample_weight: Any) -> "Learner":
        """Fit a network to other labels `(rows,)` and weights `(rows,)`."""
        weight = np.asarray(sample_weight, dtype=float)
        self.count[0] += 1
        self.fitted = self.trainer.fit(
            f"{self.name}-{self.count[0]}",
            target=np.asarray(y, dtype=np.int64),
            weight=weight / weight.mean(),  # Fairlearn's sum to the rows but for rounding
        )
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """`(rows,)` decisions of train rows by their numbers."""
        assert self.fitted is not None
        rows = torch.from_numpy(np.asarray(X)[:, 0].astype(np.int64))
        inputs = tuple(part.cpu()[rows] for part in self.trainer.rows("train").inputs)
        return forward(self.fitted.network, inputs, 2).argmax(axis=1)


def exponentiated_gradient(
    trainer: Trainer, groups: Groups, constraint: Constraint, *, name: str, bound: float, iterations: int
) -> list[tuple[float, Fitted]]:
    """Networks with the chance of each; the mean decision keeps the constraint on the train rows.

    Args:
        trainer: fits the networks.
        groups: of the train rows.
        constraint: what should be equal.
        name: of the fits.
        bound: gap allowed on the train rows.
        iterations: of the game.
    """
    reductions = _fairlearn()
    learner = Learner(trainer, name, [0])
    game = reductions.ExponentiatedGradient(
        learner,
        getattr(reductions, constraint.moment)(difference_bound=bound),
        eps=max(bound, 1e-3),
        max_iter=iterations,
    )
    rows = np.arange(len(groups.codes))[:, None]
    game.fit(rows, trainer.y_true, sensitive_features=groups.codes)
    chances = game.weights_[game.weights_ > _NEGLIGIBLE]
    total = float(chances.sum())
    return [
        (float(chance) / total, _network(game.predictors_[index], trainer, name))
        for index, chance in chances.items()
    ]


def grid_search(
    trainer: Trainer, groups: Groups, constraint: Constraint, *, name: str, size: int
) -> list[Fitted]:
    """A network for each of about `size` multipliers; arguments of `exponentiated_gradient`."""
    reductions = _fairlearn()
    search = reductions.GridSearch(
        Learner(trainer, name, [0]),
        getattr(reductions, constraint.moment)(),
        grid_size=size,
        grid_limit=_REACH,
    )
    rows = np.arange(len(groups.codes))[:, None]
    search.fit(rows, trainer.y_true, sensitive_features=groups.codes)
    return [_network(found, trainer, name) for found in search.predictors_]


def _network(found: Any, trainer: Trainer, name: str) -> Fitted:
    """Our network; where a move asked for one label alone, one that always gives it."""
    if isinstance(found, Learner):
        assert found.fitted is not None
        return found.fitted
    label = int(found.predict(np.zeros((1, 1)))[0])
    return Fitted(network=_constant(trainer, label), history=[])


def _constant(trainer: Trainer, label: int) -> Network:
    from ..training.preparation import start_network

    network = copy.deepcopy(
        start_network(trainer.model, trainer.preprocessor, trainer.pretrained, trainer.config)
    )
    assert isinstance(network.head, nn.Linear)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([1.0, -1.0] if label == 0 else [-1.0, 1.0]))
    return network.eval()


def _fairlearn() -> Any:
    check_installed("exponentiated_gradient")
    from fairlearn import reductions

    return reductions
