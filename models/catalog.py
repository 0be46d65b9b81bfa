"""What can be named in a spec under `model.architecture` and `pretrain.method`, in two literal tables.

Importing this imports no torch: a part's own file is imported when it is built. A test holds the options
written here equal to the signature of the class.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .inputs import ImageInput, TabularInput, TextInput
from .unknown import UnknownNameError

if TYPE_CHECKING:
    from torch import nn

    from .network import Network
    from .simclr import Augment

__all__ = ["ARCHITECTURES", "PRETRAINING", "Part", "build", "build_pretraining"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A row of a table."""

    summary: str
    """What it is, in one line."""

    paper: str
    """Where it was published."""

    modality: str
    """What it takes: `tabular`, `image` or `text`."""

    module: str
    """File in this room."""

    factory: str
    """Class in that file."""

    options: Mapping[str, Any]
    """Every option with its default."""

    decided: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that the name itself decides: of `resnet50`, the depth."""

    fixed: bool = False
    """Of an architecture: whether nothing before its head is learned, so that there is nothing to pretrain."""

    private: Mapping[str, Any] | None = None
    """Options that differential privacy needs, `{}` where any do; None where it can't be had: what is said of
    a row depends on other rows, or no test has held it against plain gradients."""

    views: bool = False
    """Of a method: whether it compares augmented views of an image."""

    moving_target: bool = False
    """Of a method: whether its loss is held against something that learns too. Losses of two epochs can't be
    compared then, so the last epoch is kept and not the best."""

    architectures: tuple[str, ...] = ()
    """Of a method: the only architectures that it can train; empty: all of its modality."""


_GPT = "https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf"

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
                "activation": "relu",
            },
            private={},
        ),
        "perceptron": Part(
            summary="one layer: a weighted vote of the columns",
            paper="https://doi.org/10.1037/h0042519",
            modality="tabular",
            module="perceptron",
            factory="Perceptron",
            options={"encoding": "piecewise_linear"},
            private={},
        ),
        "resnet_tabular": Part(
            summary="residual network for tables",
            paper="https://arxiv.org/abs/2106.11959",
            modality="tabular",
            module="resnet_tabular",
            factory="ResNetTabular",
            options={
                "width": 128,
                "depth": 2,
                "hidden": 2.0,
                "token_width": 16,
                "hidden_dropout": 0.2,
                "dropout": 0.0,
                "norm": "batch",
                "encoding": "piecewise_linear",
            },
            private={"norm": "layer"},
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
            private={},
        ),
        "resnet_small": Part(
            summary="residual network for images of 8 to 32 pixels",
            paper="https://arxiv.org/abs/1512.03385",
            modality="image",
            module="resnet_small",
            factory="ResNetSmall",
            options={"channels": 16, "blocks": 1, "dropout": 0.0},
            private={},
        ),
        "vit_small": Part(
            summary="vision transformer for images of 8 to 32 pixels",
            paper="https://arxiv.org/abs/2010.11929",
            modality="image",
            module="vit_small",
            factory="ViTSmall",
            options={"patch": None, "width": 64, "depth": 4, "heads": 4, "dropout": 0.1},
            private={},
        ),
        "vit_b16": Part(
            summary="vision transformer as published: patches, a class token, learned positions",
            paper="https://arxiv.org/abs/2010.11929",
            modality="image",
            module="vit",
            factory="ViT",
            options={"patch": None, "width": 1.0, "depth": 12, "heads": 12, "dropout": 0.1},
            private={},
        ),
        "lenet": Part(
            summary="LeNet-5: two convolutions and three layers",
            paper="http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf",
            modality="image",
            module="lenet",
            factory="LeNet",
            options={"channels": 6},
            private={},
        ),
        "scattering": Part(
            summary="wavelets in place of learned convolutions, and a linear head: for little data, or noise",
            paper="https://arxiv.org/abs/1412.8659",
            modality="image",
            module="scattering",
            factory="Scattering",
            options={"scales": None, "angles": 8, "groups": 27},
            fixed=True,
            private={},
        ),
        "alexnet": Part(
            summary="five convolutions and three layers",
            paper="https://arxiv.org/abs/1404.5997",
            modality="image",
            module="alexnet",
            factory="AlexNet",
            options={"width": 1.0, "dropout": 0.5},
            private={},
        ),
        **{
            f"vgg{depth}": Part(
                summary=f"{depth} layers of 3×3 convolutions and units",
                paper="https://arxiv.org/abs/1409.1556",
                modality="image",
                module="vgg",
                factory="VGG",
                options={"norm": "batch", "width": 1.0, "dropout": 0.5},
                decided={"depth": depth},
                private={"norm": "group"},
            )
            for depth in (11, 13, 16, 19)
        },
        **{
            f"resnet{depth}": Part(
                summary=f"residual network of {depth} layers",
                paper="https://arxiv.org/abs/1512.03385",
                modality="image",
                module="resnet",
                factory="ResNet",
                options={"norm": "batch", "width": 1.0, "dropout": 0.0},
                decided={"depth": depth},
                # In float32, norms of a hundred layers and more miss the exact ones by a thousandth.
                private={"norm": "group"} if depth <= 50 else None,
            )
            for depth in (18, 34, 50, 101, 152)
        },
        "googlenet": Part(
            summary="inception modules of parallel convolutions, with auxiliary heads",
            paper="https://arxiv.org/abs/1409.4842",
            modality="image",
            module="googlenet",
            factory="GoogLeNet",
            options={"norm": "batch", "width": 1.0, "dropout": 0.4, "auxiliary": True},
            private={"norm": "group"},
        ),
        "efficientnet_b0": Part(
            summary="inverted residuals with squeeze and excitation, found by search",
            paper="https://arxiv.org/abs/1905.11946",
            modality="image",
            module="efficientnet",
            factory="EfficientNetB0",
            options={"norm": "batch", "width": 1.0, "dropout": 0.2, "drop_block": 0.2},
            private={"norm": "group"},
        ),
        "text_transformer": Part(
            summary="small transformer encoder for texts",
            paper="https://arxiv.org/abs/1706.03762",
            modality="text",
            module="text_transformer",
            factory="TextTransformer",
            options={
                "width": 128,
                "depth": 2,
                "heads": 4,
                "hidden": None,
                "dropout": 0.1,
                "attention_dropout": 0.0,
                "position": "learned",
                "pool": "mean",
            },
            private={},
        ),
        "bert": Part(
            summary="encoder that sees both sides of each token, as published",
            paper="https://arxiv.org/abs/1810.04805",
            modality="text",
            module="bert_classifier",
            factory="BERTClassifier",
            options={"width": 768, "depth": 12, "heads": 12, "hidden": None, "dropout": 0.1},
            private={},
        ),
        "gpt": Part(
            summary="decoder whose last token decides, of the size of the smallest GPT-2",
            paper=_GPT,
            modality="text",
            module="gpt_classifier",
            factory="GPTClassifier",
            options={"width": 768, "depth": 12, "heads": 12, "dropout": 0.1},
            private={},
        ),
        **{
            cell: Part(
                summary=f"{name} that reads texts in both directions",
                paper=paper,
                modality="text",
                module="recurrent",
                factory="Recurrent",
                options={
                    "token_width": 128,
                    "width": 128,
                    "depth": 1,
                    "bidirectional": True,
                    "pool": "max",
                    "dropout": 0.1,
                },
                decided={"cell": cell},
            )
            for cell, name, paper in (
                ("rnn", "plain recurrent network", "https://doi.org/10.1207/s15516709cog1402_1"),
                ("lstm", "long short-term memory", "https://doi.org/10.1162/neco.1997.9.8.1735"),
                ("gru", "gated recurrent unit", "https://arxiv.org/abs/1406.1078"),
            )
        },
    }
)

PRETRAINING: Mapping[str, Part] = MappingProxyType(
    {
        "scarf": Part(
            summary="tell each row from the others after some columns were replaced",
            paper="https://arxiv.org/abs/2106.15147",
            modality="tabular",
            module="scarf",
            factory="SCARF",
            options={"corruption": 0.6, "temperature": 1.0, "projection_width": 256},
        ),
        "masked_features": Part(
            summary="say which cells of a row were replaced, and what stood there",
            paper="https://proceedings.neurips.cc/paper/2020/hash/7d97667a3e056acab9aaf653807b4a03-Abstract.html",
            modality="tabular",
            module="masked_features",
            factory="MaskedFeatures",
            options={"masked": 0.3, "alpha": 2.0, "replacement": "marginal"},
            private={"replacement": "uniform"},
        ),
        "simclr": Part(
            summary="pull two augmented views of an image together, push all others away",
            paper="https://arxiv.org/abs/2002.05709",
            modality="image",
            module="simclr",
            factory="SimCLR",
            options={"temperature": 0.2, "projection_width": 64},
            views=True,
        ),
        "moco": Part(
            summary="tell the other view of an image from a queue of views of earlier images",
            paper="https://arxiv.org/abs/1911.05722",
            modality="image",
            module="moco",
            factory="MoCo",
            options={"temperature": 0.2, "momentum": 0.99, "queue": 128, "projection_width": 64},
            views=True,
            moving_target=True,
        ),
        "byol": Part(
            summary="predict how a slow copy of the network sees the other view of an image",
            paper="https://arxiv.org/abs/2006.07733",
            modality="image",
            module="byol",
            factory="BYOL",
            options={"momentum": 0.99, "projection_width": 64, "hidden": 128},
            views=True,
            moving_target=True,
        ),
        "barlow_twins": Part(
            summary="make the correlations between the components of two views an identity matrix",
            paper="https://arxiv.org/abs/2103.03230",
            modality="image",
            module="barlow_twins",
            factory="BarlowTwins",
            options={"redundancy": 5e-3, "projection_width": 128},
            views=True,
        ),
        "vicreg": Part(
            summary="pull two views of an image together while each component stays spread and alone",
            paper="https://arxiv.org/abs/2105.04906",
            modality="image",
            module="vicreg",
            factory="VICReg",
            options={"invariance": 25.0, "variance": 25.0, "covariance": 1.0, "projection_width": 128},
            views=True,
        ),
        "mae": Part(
            summary="hide most patches of an image and paint them from those that are left",
            paper="https://arxiv.org/abs/2111.06377",
            modality="image",
            module="mae",
            factory="MAE",
            options={
                "masked": 0.75,
                "decoder_width": 32,
                "decoder_depth": 1,
                "decoder_heads": 4,
                "normalize": False,
            },
            architectures=("vit_small",),
            private={},
        ),
        "mlm": Part(
            summary="guess the tokens of a text that were hidden, from both sides",
            paper="https://arxiv.org/abs/1810.04805",
            modality="text",
            module="masked_language",
            factory="MaskedLanguage",
            options={"masked": 0.15},
            architectures=("text_transformer", "bert"),
        ),
        "clm": Part(
            summary="guess each token of a text from those before it",
            paper=_GPT,
            modality="text",
            module="causal_language",
            factory="CausalLanguage",
            options={},
            architectures=("gpt",),
        ),
    }
)


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
