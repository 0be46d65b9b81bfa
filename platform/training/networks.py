"""The network that a spec asks for, and what is refused before it is built."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from ...models.catalog import ARCHITECTURES, PRETRAINING, Part
from ...models.inputs import inputs_from_dict
from ...models.network import Network
from ...models.unknown import UnknownNameError
from ..checkpoints.backbones import BACKBONES, built
from ..data.preprocess import Preprocessor
from ..exceptions import CombinationError, SpecError
from ..predictor.artifact import network_outputs
from .config import ModelConfig
from .seeding import derive

#: What is taken where the spec names no architecture.
DEFAULTS: Mapping[str, str] = {"tabular": "mlp", "image": "resnet_small", "text": "text_transformer"}


def resolve_model(config: ModelConfig, modality: str) -> ModelConfig:
    """The model with its name and every option filled in.

    Raises:
        SpecError: no such architecture or option.
        CombinationError: an architecture for another kind of data.
    """
    name = config.architecture or DEFAULTS[modality]
    if name in BACKBONES:  # a checkpoint's artifact says all of it, and was held against the data
        return config
    row = require_part("model.architecture", name, ARCHITECTURES, modality)
    with refusals("model.options"):
        for option in config.options:
            if option not in row.options:
                raise UnknownNameError(f"option of {name}", option, row.options)
    return ModelConfig(architecture=name, options={**row.options, **config.options})


def build_network(model: ModelConfig, preprocessor: Preprocessor, seed: int) -> Network:
    """A network with fresh weights, which are a function of the seed.

    Args:
        model: as `resolve_model` returned it.
        preprocessor: what makes its inputs.
        seed: of the weights.

    Raises:
        SpecError: an option's value makes no sense.
    """
    assert model.architecture is not None, "the model is resolved before it is built"
    torch.manual_seed(derive(seed, "weights"))
    inputs = inputs_from_dict(preprocessor.inputs())
    with refusals("model.options"):
        return built(model.architecture, inputs, network_outputs(preprocessor), **model.options)


def require_part(key: str, name: str, table: Mapping[str, Part], modality: str) -> Part:
    """A row of a catalog's table that fits the kind of data.

    Raises:
        SpecError: no such name.
        CombinationError: it is for another kind of data.
    """
    with refusals(key):
        if name not in table:
            raise UnknownNameError(key, name, table)
    if table[name].modality != modality:
        fitting = sorted(other for other, row in table.items() if row.modality == modality)
        raise CombinationError(
            f"{key} doesn't fit the data",
            got=f"{name}, which is for {table[name].modality} data, and {modality} data",
            expected=f"one of {', '.join(fitting)}",
            mend=f"set {key} to {usual if (usual := DEFAULTS[modality]) in fitting else fitting[0]}",
        )
    return table[name]


def require_architecture(method: str, architecture: str) -> None:
    """Refuse a self-supervised method that can't train this network.

    Raises:
        CombinationError: it trains only other architectures, or nothing in this one can be pretrained.
    """
    if ARCHITECTURES[architecture].fixed:
        raise CombinationError(
            "pretraining can teach this network nothing",
            got=f"{method} with {architecture}",
            expected="an architecture that learns more than its head",
            mend="leave pretrain out, or take another model.architecture",
        )
    only = PRETRAINING[method].architectures
    if only and architecture not in only:
        raise CombinationError(
            "pretrain.method doesn't fit the architecture",
            got=f"{method} with {architecture}",
            expected=f"one of {', '.join(only)}",
            mend=f"set model.architecture to {only[0]}",
        )


@contextmanager
def refusals(key: str) -> Iterator[None]:
    """Say a constructor's refusal as an error of the spec.

    Raises:
        SpecError: something inside the block took offence at a name or a value.
    """
    try:
        yield
    except UnknownNameError as error:
        raise SpecError(
            f"{key}: there is no {error.what} {error.got!r}",
            got=error.got,
            expected=error.expected,
            mend=error.mend,
        ) from error
    except (ArithmeticError, AssertionError, RuntimeError, TypeError, ValueError) as error:
        raise SpecError(
            f"{key} can't be used",
            got=str(error),
            expected="values that fit each other",
            mend=f"change {key}",
        ) from error
