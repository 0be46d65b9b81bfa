"""How what was pretrained is carried over: which weights a run starts from, and which of them it moves.

`finetune` moves all; `linear_probe` the head alone; `gradual` the head first and one more layer group an
epoch, from the head down (Howard & Ruder, 2018, section 3.3); `lora` the head and low-rank changes beside
frozen linear layers (Hu et al., 2022). `scratch` takes the preprocessing over and no weight: what
pretraining was good for is the difference to it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from torch import nn
from torch.nn import Parameter

from ...models.layer_groups import layer_rates, train_last, trained_only
from ...models.lora import add_low_rank, merge_low_rank
from ...models.network import Network
from ..exceptions import CombinationError
from .config import TrainConfig

__all__ = ["Course", "transferring"]


def _nothing(epoch: int) -> None:
    """Every epoch learns what the first one does."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """What of a network is moved, when, and how fast.

    Attributes:
        rates: factors on the learning rate by parameter; where none is given, 1.
        before_epoch: called with each epoch's number, from 0.
    """

    rates: Mapping[Parameter, float] = field(default_factory=lambda: MappingProxyType({}))
    before_epoch: Callable[[int], None] = _nothing


@contextmanager
def transferring(config: TrainConfig, network: Network) -> Iterator[Course]:
    """Prepare a network for its training; afterwards it is again the one that its artifact describes.

    Args:
        config: the section `train` of the spec.
        network: with the weights that it starts from, on its device; objectives may hold it already.

    Raises:
        CombinationError: low-rank adaptation of a network without linear layers.
    """
    if config.mode == "lora" and not add_low_rank(network, rank=config.lora.rank, alpha=config.lora.alpha):
        raise CombinationError(
            "train.mode lora has nothing to adapt",
            got=f"{type(network).__name__}, without a linear layer before its head",
            expected="a network with linear layers, such as a transformer or mlp",
            mend="set train.mode to finetune or gradual, or take another model.architecture",
        )
    rates = layer_rates(network, config.layer_decay) if config.layer_decay < 1 else {}
    if config.mode == "gradual":
        yield Course(rates=rates, before_epoch=partial(_unfreeze, network))
        network.requires_grad_(True)
    elif config.mode == "lora":
        yield Course(rates=rates, before_epoch=partial(_hold, network))
        merge_low_rank(network)
    else:
        yield Course(rates=rates)


def _unfreeze(network: Network, epoch: int) -> None:
    train_last(network, epoch + 1)


def _hold(network: nn.Module, epoch: int) -> None:
    trained_only(network)
