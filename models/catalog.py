"""What can be named in a spec under `model.architecture` and `pretrain.method`, in two literal tables.

Importing this imports no torch: a part's own file is imported when it is built. A test holds the options written here
equal to the signature of the class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .inputs import ImageInput, TabularInput

if TYPE_CHECKING:
    from .network import Network

__all__ = ["ARCHITECTURES", "PRETRAINING", "Part", "UnknownNameError", "build"]


class UnknownNameError(ValueError):
    """A name that no table has. `got`, `expected` and `mend` say what, and what would have been right."""

    def __init__(self, what: str, got: str, known: Mapping[str, Any], mend: str | None = None):
        names = sorted(known)
        close = get_close_matches(got, names, n=1, cutoff=0.5)
        self.got = got
        self.expected = f"one of {', '.join(names)}" if names else "none"
        self.mend = mend or (f"did you mean {close[0]!r}?" if close else "choose one of the known names")
        super().__init__(f"unknown {what} {got!r}: expected {self.expected}; {self.mend}")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A row of a table."""

    summary: str
    """What it is, in one line."""

    paper: str
    """Where it was published."""

    modality: str
    """What it takes: `tabular` or `image`."""

    module: str
    """File in this room."""

    factory: str
    """Class in that file."""

    options: Mapping[str, Any]
    """Every option with its default."""


ARCHITECTURES: Mapping[str, Part] = MappingProxyType(
    {
        "mlp": Part(
            summary="multilayer perceptron over embedded columns",
            paper="https://arxiv.org/abs/2203.05556",
            modality="tabular",
            module="mlp",
            factory="MLP",
            options={
                "width": 256,
                "depth": 2,
                "token_width": 16,
                "dropout": 0.2,
                "encoding": "piecewise_linear",
            },
        ),
        "ft_transformer": Part(
            summary="transformer whose tokens are the columns",
            paper="https://arxiv.org/abs/2106.11959",
            modality="tabular",
            module="ft_transformer",
            factory="FTTransformer",
            options={
                "width": 64,
                "depth": 2,
                "heads": 4,
                "hidden": 4 / 3,
                "attention_dropout": 0.2,
                "dropout": 0.1,
                "encoding": "piecewise_linear",
            },
        ),
        "resnet_small": Part(
            summary="residual network for images of 8 to 32 pixels",
            paper="https://arxiv.org/abs/1512.03385",
            modality="image",
            module="resnet_small",
            factory="ResNetSmall",
            options={"channels": 32, "blocks": 1, "dropout": 0.0},
        ),
        "vit_small": Part(
            summary="vision transformer for images of 8 to 32 pixels",
            paper="https://arxiv.org/abs/2010.11929",
            modality="image",
            module="vit_small",
            factory="ViTSmall",
            options={"patch": None, "width": 64, "depth": 4, "heads": 4, "dropout": 0.1},
        ),
    }
)

PRETRAINING: Mapping[str, Part] = MappingProxyType({})


def build(name: str, inputs: TabularInput | ImageInput, outputs: int, **options: Any) -> "Network":
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
    part = find("architecture", name, ARCHITECTURES, options)
    modality = "tabular" if isinstance(inputs, TabularInput) else "image"
    if part.modality != modality:
        fitting = {key: row for key, row in ARCHITECTURES.items() if row.modality == modality}
        raise UnknownNameError(f"architecture for {modality} data", name, fitting)
    return load(part)(inputs, outputs, **options)


def find(what: str, name: str, table: Mapping[str, Part], options: Mapping[str, Any]) -> Part:
    """Row of a table, its options checked.

    Raises:
        UnknownNameError: the table has no such name, or the part no such option.
    """
    if name not in table:
        raise UnknownNameError(what, name, table)
    for option in options:
        if option not in table[name].options:
            raise UnknownNameError(f"option of {name}", option, table[name].options)
    return table[name]


def load(part: Part) -> Any:
    """The part's class: this is where torch gets imported."""
    return getattr(import_module(f".{part.module}", __package__), part.factory)
