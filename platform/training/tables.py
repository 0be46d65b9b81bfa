"""From a table to rows as tensors."""

import numpy as np
import pyarrow as pa
import torch

from ...models.network import Network
from ..data.preprocess import Preprocessor
from .rows import Rows

_BATCH = 4096


def labelled(preprocessor: Preprocessor, table: pa.Table, device: torch.device) -> Rows:
    """A table's features, labels and weights."""
    name = preprocessor.schema.weight
    weight = None if name is None else table[name].to_numpy().astype(np.float32)
    return Rows(
        inputs=tuple(_tensor(part, device) for part in preprocessor.transform(table)),
        target=_tensor(preprocessor.targets(table), device),
        weight=None if weight is None else _tensor(weight, device),
    )


def unlabelled(rows: Rows) -> Rows:
    """The same rows without label and weight: nobody can look at them."""
    return Rows(inputs=rows.inputs)


@torch.no_grad()
def encoded(network: Network, rows: Rows) -> Rows:
    """The same rows, their inputs replaced by the network's representation of them, `(rows, width)`."""
    network.eval()
    parts = [torch.empty(0, network.width, device=rows.device)]
    parts += [
        network.encode(*(part[start : start + _BATCH] for part in rows.inputs))
        for start in range(0, len(rows), _BATCH)
    ]
    return Rows(inputs=(torch.cat(parts),), target=rows.target, weight=rows.weight)


def _tensor(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(device)
