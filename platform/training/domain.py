"""Another domain beside the labelled rows: from the section `adapt` to an objective."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ...models.domains import Coral, DomainAdversary
from ...models.network import Network
from ..adaptation.config import AdaptConfig
from ..adaptation.target import read_inputs
from ..data.preprocess import Preprocessor
from .adaptation import Adapted
from .config import TrainConfig
from .preparation import loss_of, training_view
from .tables import inputs_of

__all__ = ["Domain", "adapted_objective"]


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The other domain, as a training is told it.

    Attributes:
        config: the section `adapt` of the spec.
        inputs: folder of its rows without labels.
    """

    config: AdaptConfig
    inputs: Path


#: The penalty of each method, for features of a width.
_PENALTIES: Mapping[str, Callable[..., nn.Module]] = {
    "coral": lambda width: Coral(),
    "dann": DomainAdversary,
}


def adapted_objective(
    domain: Domain,
    network: Network,
    preprocessor: Preprocessor,
    config: TrainConfig,
    *,
    rows: int,
    device: torch.device,
) -> Adapted:
    """The loss of labelled rows, and the penalty that holds both domains' features together.

    Args:
        domain: the other one.
        network: whose features they are, on its device.
        preprocessor: fitted on the first domain; the other one's rows are seen through it.
        config: the section `train`.
        rows: labelled ones of the first domain.
        device: where the network is.
    """
    schema, adapt = preprocessor.schema, domain.config
    penalty = _PENALTIES[adapt.method](network.width, **adapt.penalty_options)
    return Adapted(
        network,
        loss_of(config, network.head, schema.task),
        penalty.to(device),
        inputs_of(preprocessor, read_inputs(domain.inputs), device),
        weight=adapt.penalty_weight,
        steps=config.epochs * -(-rows // config.batch_size),
        augment=training_view(config, network, schema),
    )
