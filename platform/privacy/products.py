"""Matrix products in float32 by oneDNN, where torch has it: on AMD processors up to twice as fast as MKL's.

`torch.mm` always asks MKL for float32, which keeps to AVX2 on processors of other makers; oneDNN also writes
AVX-512 for them. Same precision, another order of summation. Measured: docs/decisions/0006-dp-bookkeeping.md.
"""

import torch
from torch import Tensor

__all__ = ["has_onednn", "linear", "transposed_product"]


def has_onednn(tensor: Tensor) -> bool:
    """Whether oneDNN's product can take this tensor."""
    return (
        tensor.device.type == "cpu"
        and tensor.dtype == torch.float32
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


def linear(inputs: Tensor, weight: Tensor) -> Tensor:
    """`inputs @ weight.T`, from `(n, d)` and `(p, d)`, by oneDNN."""
    return torch.ops.mkldnn._linear_pointwise(inputs, weight, None, "none", [], "")


def transposed_product(left: Tensor, right: Tensor) -> Tensor:
    """`left.T @ right`, from `(n, p)` and `(n, d)`, by oneDNN."""
    return linear(left.t(), right.t())
