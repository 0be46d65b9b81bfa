"""Reading files that a stranger may have written: JSON and safetensors, every fault a `ModelError`."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..exceptions import DataError, ModelError

_MEND = "train the model again, or take an untouched copy of the artifact"

#: What parsers raise when they are fed something else; MemoryError is a width of 10**12.
_FAULTS = (
    ArithmeticError,
    AttributeError,
    DataError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)


def unfit(message: str, *, got: object, expected: object) -> ModelError:
    """The error for an artifact that can't be used; at most 200 characters of what was found are shown."""
    shown = str(got)
    return ModelError(
        message, got=shown if len(shown) <= 200 else f"{shown[:200]}…", expected=expected, mend=_MEND
    )


@contextmanager
def reading(name: str, *, expected: str) -> Iterator[None]:
    """Turn whatever goes wrong inside the block into a `ModelError` about that file."""
    try:
        yield
    except ModelError:
        raise
    except _FAULTS as error:
        raise unfit(
            f"{name} can't be used", got=f"{type(error).__name__}: {error}", expected=expected
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ModelError: the file is missing or something else.
    """
    with reading(path.name, expected="a JSON file"):
        value = json.loads(path.read_bytes())
    if not isinstance(value, dict):
        raise unfit(f"{path.name} can't be used", got=type(value).__name__, expected="a JSON object")
    return value


def read_tensors(path: Path, *, beside: Collection[str] = ()) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Args:
        path: the file.
        beside: names of the other files that may lie in its folder.

    Raises:
        ModelError: it isn't one, or anything else lies beside it.
    """
    if not path.is_file():
        raise unfit(f"{path.name} is missing", got="no such file", expected=f"{path.parent.name}/{path.name}")
    strangers = {other.name for other in path.parent.iterdir()} - {path.name, *beside}
    if strangers:
        raise unfit(
            "the weights' folder holds other files",
            got=", ".join(sorted(strangers)),
            expected=f"{path.name} alone: nothing that could be executed is ever opened",
        )
    with reading(path.name, expected="a safetensors file"):
        return safetensors.torch.load_file(path)


def load_weights(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put tensors in a module after comparing every name, shape and type.

    Raises:
        ModelError: they aren't exactly the module's.
    """
    expected = {name: _form(tensor) for name, tensor in module.state_dict().items()}
    got = {name: _form(tensor) for name, tensor in tensors.items()}
    for name in sorted(expected.keys() | got.keys()):
        if expected.get(name) != got.get(name):
            raise unfit(
                f"the weights don't fit the architecture, first at {name[:200]!r}",
                got=got.get(name, "no such tensor in the file"),
                expected=expected.get(name, "no such tensor in the network"),
            )
    module.load_state_dict(dict(tensors))


def refuse_links(folder: Path) -> None:
    """Refuse symbolic links: they would lead out of the artifact.

    Raises:
        ModelError: there is one.
    """
    links = sorted(path.name for path in folder.rglob("*") if path.is_symlink())
    if links:
        raise unfit("the artifact holds links", got=", ".join(links), expected="plain files")


def _form(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
