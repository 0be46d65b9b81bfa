"""What can be named in a spec, made by its name: `model.architecture` and `pretrain.method`.

Importing this imports no torch: a part's own file is imported when it is built. A test holds the options
written in the tables equal to the signature of the class.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .architectures import ARCHITECTURES
from .inputs import ImageInput, TabularInput, TextInput
from .part import Part
from .pretraining import PRETRAINING
from .unknown import UnknownNameError

if TYPE_CHECKING:
    from torch import nn

    from .network import Network
    from .simclr import Augment

__all__ = ["ARCHITECTURES", "PRETRAINING", "Part", "build", "build_pretraining"]

_MODALITIES = {TabularInput: "tabular", ImageInput: "image", TextInput: "text"}


def build(
    name: str, inputs: TabularInput | ImageInput | TextInput, outputs: int, **options: Any
) -> "Network":
    """Make an architecture by its name.

    Args:
        name: a key of `ARCHITECTURES`.
        inputs: what it is fed.
        outputs: number of classes (two for binary), or 1 for regression.
        **options: any of the part's options; the others keep their defaults.

    Raises:
        UnknownNameError: no such architecture or option, or one for another kind of data.
        ValueError: an option's value makes no sense.
    """
    make = _load("architecture", name, ARCHITECTURES, _MODALITIES[type(inputs)], options)
    return make(inputs, outputs, **options)


def build_pretraining(
    name: str, network: "Network", *, augment: "Augment | None" = None, **options: Any
) -> "nn.Module":
    """Make the objective of a self-supervised method by its name.

    Args:
        name: a key of `PRETRAINING`.
        network: whose `encode` it trains.
        augment: makes a random view of a batch of images; None for tables and texts.
        **options: any of the part's options; the others keep their defaults.

    Raises:
        UnknownNameError: no such method or option, or one for another kind of data.
        ValueError: an option's value makes no sense.
    """
    from .network import TextNetwork  # imports torch, which made the network already

    other = "text" if isinstance(network, TextNetwork) else "tabular"
    modality = other if augment is None else "image"
    make = _load("method", name, PRETRAINING, modality, options)
    return make(network, augment, **options) if PRETRAINING[name].views else make(network, **options)


def _load(
    what: str, name: str, table: Mapping[str, Part], modality: str, options: Mapping[str, Any]
) -> Callable[..., Any]:
    """The class behind a name, its options checked: this is where torch gets imported."""
    if name not in table:
        raise UnknownNameError(what, name, table)
    part = table[name]
    if part.modality != modality:
        fitting = [key for key, row in table.items() if row.modality == modality]
        raise UnknownNameError(f"{what} for {modality} data", name, fitting)
    for option in options:
        if option not in part.options:
            raise UnknownNameError(f"option of {name}", option, part.options)
    return partial(getattr(import_module(f".{part.module}", __package__), part.factory), **part.decided)
