"""What a representation is worth before any training with labels: `evaluation.json` of the stage `pretrain`.

Labels of train rows are looked up and validation rows scored, for this alone: no weight, no epoch and no
option depends on it.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.collapse import COLLAPSED, feature_std
from ...models.network import Network
from ...models.probes import linear_probe, nearest_neighbours
from .rows import Rows
from .seeding import generator
from .tables import encoded

#: Rows that are looked at, drawn where there are more: enough for a score, and a second at most.
_TRAIN_ROWS, _VALIDATION_ROWS = 5_000, 2_000


def evaluation(
    before: dict[str, float], after: dict[str, float], train: Rows, validation: Rows, classes: int
) -> dict[str, Any]:
    """The content of `evaluation.json`.

    Args:
        before: scores of the network as it began.
        after: scores of what was learned.
        train: rows that were learned from.
        validation: rows that were scored.
        classes: number of classes, 0 for regression.
    """
    return {
        "metric": "accuracy" if classes else "r_squared",
        "rows": {"train": min(len(train), _TRAIN_ROWS), "validation": min(len(validation), _VALIDATION_ROWS)},
        "before": before,
        "after": after,
        "collapsed": after["feature_std"] < COLLAPSED,
    }


def scores(network: Network, train: Rows, validation: Rows, *, classes: int, seed: int) -> dict[str, float]:
    """Score the network's representation of validation rows.

    Args:
        network: as it is; it is left in evaluation mode.
        train: rows with targets, to find neighbours among and to fit the probe on.
        validation: rows with targets, two or more.
        classes: number of classes, 0 for regression.
        seed: of the draw of rows.

    Returns:
        `feature_std` (models/collapse.py), and accuracy, or R² for regression, of 20 nearest neighbours
        (`knn`) and of a linear probe (`linear_probe`); without the last two where the target doesn't vary.
    """
    known = encoded(network, _drawn(train, _TRAIN_ROWS, seed, "train"))
    asked = encoded(network, _drawn(validation, _VALIDATION_ROWS, seed, "validation"))
    features, queries = known.inputs[0].cpu(), asked.inputs[0].cpu()
    found = {"feature_std": float(feature_std(queries))}
    values, target = known.target, asked.target
    assert values is not None, "rows to find neighbours among have targets"
    assert target is not None, "rows to score have targets"
    values, target = values.cpu(), target.cpu()
    if len(target.unique()) > 1:
        values = F.one_hot(values, classes) if classes else values.unsqueeze(1)
        for name, probe in (("knn", nearest_neighbours), ("linear_probe", linear_probe)):
            found[name] = _score(probe(features, values, queries), target, classes)
    return found


def _score(predicted: Tensor, target: Tensor, classes: int) -> float:
    """Accuracy of `(rows, classes)`, or R² of `(rows, 1)`."""
    if classes:
        return float((predicted.argmax(dim=1) == target).double().mean())
    target = target.double()
    return float(1 - (target - predicted[:, 0]).square().sum() / (target - target.mean()).square().sum())


def _drawn(rows: Rows, most: int, seed: int, split: str) -> Rows:
    """At most so many rows, drawn without replacement."""
    order = torch.randperm(len(rows), generator=generator(seed, "evaluation", split))[:most]
    part = rows.batch(order)
    return Rows(inputs=part.inputs, target=part.target)
