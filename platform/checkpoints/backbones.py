"""Networks around what was trained elsewhere: a literal table beside the catalog of our own.

`architecture.json` names a row and holds all that it needs to be built again, the checkpoint's configuration
included: a model artifact needs neither the hub nor the folder that its weights came from.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...models import catalog
from ...models.inputs import ImageInput, TabularInput, TextInput

if TYPE_CHECKING:
    from ...models.network import Network

__all__ = ["BACKBONES", "built", "shown"]

BACKBONES: Mapping[str, str] = MappingProxyType(
    {
        "hugging_face": "a network of transformers",
        "published": "a network of the catalog behind the images that its weights know",
        "python_module": "a torch module that a function of the person's own makes",
    }
)
"""Name, which is also the file with its `build`, and what it is."""


def built(
    name: str, inputs: TabularInput | ImageInput | TextInput, outputs: int, **options: Any
) -> "Network":
    """A network of the catalog or of `BACKBONES`, with fresh weights.

    Args:
        name: of its row.
        inputs: what it is fed.
        outputs: number of classes (two for binary), or 1 for regression.
        **options: of the catalog, or what a checkpoint's artifact holds.

    Raises:
        UnknownNameError: no such name or option.
        ValueError: an option's value makes no sense.
        UsageError: it needs a library that isn't there, or code that nobody allowed.
    """
    if name not in BACKBONES:
        return catalog.build(name, inputs, outputs, **options)
    return import_module(f".{name}", __package__).build(inputs, outputs, **options)


def shown(name: str, options: Mapping[str, Any]) -> str:
    """The architecture for a person, in place of the whole configuration."""
    if name == "hugging_face":
        return str((options["config"].get("architectures") or [options["config"]["model_type"]])[0])
    return str(options.get("architecture") or options["factory"]) if name in BACKBONES else name
