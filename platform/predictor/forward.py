"""Run a network over many rows, in batches, without keeping what a gradient would need."""

import numpy as np
import torch
from torch import Tensor

from ...models.network import Network


def forward(network: Network, inputs: tuple[Tensor, ...], outputs: int) -> np.ndarray:
    """What a network says of rows.

    Args:
        network: in evaluation mode.
        inputs: tensors `(rows, …)`, on any device.
        outputs: of the network.

    Returns:
        `(rows, outputs)` float32.
    """
    device = next(network.parameters()).device
    parts = [np.empty((0, outputs), dtype=np.float32)]
    with torch.inference_mode():
        for start in range(0, len(inputs[0]), network.rows_at_once):
            batch = (part[start : start + network.rows_at_once].to(device) for part in inputs)
            parts.append(network(*batch).float().cpu().numpy())
    return np.concatenate(parts)
