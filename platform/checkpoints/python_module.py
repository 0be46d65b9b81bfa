"""A torch module of the person's own: `python:package.module:factory`, called `factory(inputs, **options)`.

`inputs` is the `TabularInput`, `ImageInput` or `TextInput` of `models/inputs.py`; what comes back maps the
tensors that it describes to one vector a row. Nothing is imported before whoever started the command has
allowed this very factory.
"""

import hashlib
import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...models.inputs import START, ImageInput, TabularInput, TextInput
from ...models.network import Network
from ..exceptions import ModelError, UsageError
from .permission import require_code

__all__ = ["ModuleBackbone", "build", "source_digest"]


class ModuleBackbone(Network):
    """The module, and a linear head on its vectors.

    Args:
        body: from the inputs to one vector a row, `(batch, width)`.
        width: length of that vector.
        outputs: number of classes, or 1 for regression.
    """

    rows_at_once = 256

    def __init__(self, body: nn.Module, width: int, outputs: int):
        super().__init__()
        self.body, self.width = body, width
        self.head = nn.Linear(width, outputs)

    def encode(self, *inputs: Tensor) -> Tensor:
        """The module's vector of each row, `(batch, width)`."""
        return self.body(*inputs)


def build(
    inputs: TabularInput | ImageInput | TextInput,
    outputs: int,
    *,
    factory: str,
    options: Mapping[str, Any],
) -> ModuleBackbone:
    """What the factory makes, with a head.

    Raises:
        UsageError: nobody allowed this factory.
        ModelError: it can't be imported or called, or makes no module of one vector a row.
    """
    try:
        body = _made_by(factory)(inputs, **options)
    except UsageError:
        raise
    except Exception as error:  # whatever the person's code raises
        raise _unusable(factory, f"{type(error).__name__}: {error}") from error
    if not isinstance(body, nn.Module):
        raise _unusable(factory, f"a {type(body).__name__}")
    return ModuleBackbone(body, _width(factory, body, inputs), outputs)


def source_digest(factory: str) -> str | None:
    """SHA-256 of the file that the factory stands in; what it imports is no part of it. None: there is none.

    Raises:
        UsageError: nobody allowed this factory.
    """
    try:
        return hashlib.sha256(Path(inspect.getfile(_made_by(factory))).read_bytes()).hexdigest()
    except (OSError, TypeError):
        return None


def _made_by(factory: str) -> Any:
    """The function of that name, once it is allowed."""
    require_code(factory)
    module, _, name = factory.partition(":")
    try:
        return getattr(import_module(module), name)
    except Exception as error:  # whatever the person's code raises
        raise _unusable(factory, f"{type(error).__name__}: {error}") from error


def _width(factory: str, body: nn.Module, inputs: TabularInput | ImageInput | TextInput) -> int:
    """Length of the vectors that two rows of nothing get."""
    learning = body.training
    try:
        with torch.no_grad():
            found = body.eval()(*_rows(inputs))
    except Exception as error:  # whatever the person's code raises
        raise _unusable(factory, f"{type(error).__name__}: {error}") from error
    body.train(learning)
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != 2 or not found.is_floating_point():
        got = f"{found.dtype} {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise _unusable(factory, f"{got} from two rows")
    return found.shape[1]


def _rows(inputs: TabularInput | ImageInput | TextInput) -> tuple[Tensor, ...]:
    if isinstance(inputs, TabularInput):
        return torch.zeros(2, inputs.numeric), torch.zeros(2, len(inputs.cardinalities), dtype=torch.int64)
    if isinstance(inputs, ImageInput):
        return (torch.zeros(2, inputs.channels, inputs.height, inputs.width),)
    return (torch.full((2, inputs.length), START),)


def _unusable(factory: str, got: str) -> ModelError:
    return ModelError(
        f"python:{factory} can't be used",
        got=got[:300],
        expected="a function of (inputs, **options) that makes a torch module from the inputs' tensors to "
        "one vector a row, float (batch, width)",
        mend="install the package that it is in, or put its folder on PYTHONPATH; assay.models.inputs says "
        "what inputs are",
    )
