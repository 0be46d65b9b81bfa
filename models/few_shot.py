"""What can be named in a spec under `few_shot.method`: a literal table. Importing it imports no torch."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .part import Part
from .unknown import UnknownNameError

if TYPE_CHECKING:
    from .episodes import FewShotObjective
    from .network import Network

__all__ = ["FEW_SHOT", "build_few_shot"]

FEW_SHOT: Mapping[str, Part] = MappingProxyType(
    {
        "prototypical": Part(
            summary="a class is the mean of its examples, and a row belongs to the nearest mean",
            paper="https://arxiv.org/abs/1703.05175",
            modality="image",
            module="prototypical",
            factory="Prototypical",
            options={},
        ),
        "maml": Part(
            summary="weights from which a few gradient steps learn a new task",
            paper="https://arxiv.org/abs/1703.03400",
            modality="image",
            module="maml",
            factory="MAML",
            options={"steps": 5, "learning_rate": 0.1, "first_order": False},
        ),
    }
)


def build_few_shot(name: str, network: "Network", **options: Any) -> "FewShotObjective":
    """Make a learner by its name.

    Args:
        name: a key of `FEW_SHOT`.
        network: whose representation (prototypical) or logits, one a way (MAML), it learns by.
        **options: any of the method's options; the others keep their defaults.

    Raises:
        UnknownNameError: no such method or option.
        ValueError: an option's value makes no sense.
    """
    if name not in FEW_SHOT:
        raise UnknownNameError("few-shot method", name, FEW_SHOT)
    part = FEW_SHOT[name]
    for option in options:
        if option not in part.options:
            raise UnknownNameError(f"option of {name}", option, part.options)
    return getattr(import_module(f".{part.module}", __package__), part.factory)(network, **options)
