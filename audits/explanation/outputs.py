"""The one number of an output that attributions are shares of, and how outputs are computed in slices."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

BATCH = 1024


def log_odds(logits: Tensor, target: Tensor) -> Tensor:
    """log(p / (1 - p)) of the target class: for two classes the difference of their logits.

    Shares of a single logit mean nothing by themselves, since adding a constant to all logits changes no
    prediction; the log-odds don't have that freedom.

    Args:
        logits: `(batch, classes)`; one column (regression) is returned as it is.
        target: codes `(batch,)`.

    Returns:
        `(batch,)`
    """
    if logits.shape[1] == 1:
        return logits[:, 0]
    own = nn.functional.one_hot(target, logits.shape[1]).bool()
    return logits[own] - logits.masked_fill(own, -torch.inf).logsumexp(dim=1)


def probability(logits: Tensor, target: Tensor) -> Tensor:
    """Probability of the target class, `(batch,)`."""
    return logits.softmax(dim=1).gather(1, target[:, None])[:, 0]


def batched(function: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """`function` over slices of the inputs, without gradients: `(n, …)`."""
    with torch.no_grad():
        return torch.cat([function(*part) for part in slices(*inputs, batch=BATCH)])


def slices(*inputs: Tensor, batch: int) -> Iterator[tuple[Tensor, ...]]:
    """Consecutive slices of equally long tensors; one empty slice where they are empty."""
    for start in range(0, max(1, len(inputs[0])), batch):
        yield tuple(tensor[start : start + batch] for tensor in inputs)
