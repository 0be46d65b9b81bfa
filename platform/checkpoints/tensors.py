"""The tensors of a checkpoint: safetensors alone, every fault an error of the file."""

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from torch import Tensor

from ..predictor.untrusted import reading

__all__ = ["tensors_of"]


def tensors_of(files: Mapping[str, Path]) -> dict[str, Tensor]:
    """Every tensor of the safetensors among them.

    Raises:
        ModelError: a file isn't one.
    """
    found: dict[str, Tensor] = {}
    for name, path in files.items():
        if name.endswith(".safetensors"):
            with reading(name, expected="a safetensors file"):
                found |= safetensors.torch.load_file(path)
    return found
