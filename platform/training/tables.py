"""From a table to rows as tensors."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch

from ...models.network import Network
from ..data.persons import person_codes
from ..data.preprocess import Preprocessor
from .rows import Rows


def labelled(
    preprocessor: Preprocessor, table: pa.Table, device: torch.device, *, persons: str | None = None
) -> Rows:
    """A table's features, labels and weights.

    Args:
        preprocessor: what makes the features.
        table: the rows.
        device: where they are to lie.
        persons: column that says whose row each is, where that is asked for.
    """
    name = preprocessor.schema.weight
    weight = None if name is None else table[name].to_numpy().astype(np.float32)
    return Rows(
        inputs=inputs_of(preprocessor, table, device),
        target=_tensor(preprocessor.targets(table), device),
        weight=None if weight is None else _tensor(weight, device),
        persons=None if persons is None else _tensor(person_codes(table, persons), device),
    )


def inputs_of(preprocessor: Preprocessor, table: pa.Table, device: torch.device) -> tuple[torch.Tensor, ...]:
    """A table's features alone, each `(rows, …)`."""
    return tuple(_tensor(part, device) for part in preprocessor.transform(table))


def unlabelled(rows: Rows) -> Rows:
    """The same rows without label and weight: nobody can look at them."""
    return Rows(inputs=rows.inputs, persons=rows.persons)


@torch.no_grad()
def encoded(network: Network, rows: Rows) -> Rows:
    """The same rows, their inputs replaced by the network's representation of them, `(rows, width)`."""
    network.eval()
    parts = [torch.empty(0, network.width, device=rows.device)]
    parts += [
        network.encode(*(part[start : start + network.rows_at_once] for part in rows.inputs))
        for start in range(0, len(rows), network.rows_at_once)
    ]
    return replace(rows, inputs=(torch.cat(parts),))


def _tensor(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(device)
