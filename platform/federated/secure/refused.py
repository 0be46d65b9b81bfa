"""What a sum can't give, with the reason: whatever looks at single clients. Standard library only."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...exceptions import CombinationError
from .graph import choose_neighbourhood

if TYPE_CHECKING:
    from ..config import FederatedConfig

__all__ = ["REFUSED", "SINGLE", "check_secure"]

_COMPARES = "it compares single clients' weights, and the server sees their sum alone"

#: By strategy; all others need the mean of clients' weights and nothing else.
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "krum": _COMPARES,
        "multi_krum": _COMPARES,
        "trimmed_mean": _COMPARES,
        "median": _COMPARES,
        "scaffold": "its control variates count by every client's share of all rows, which nobody is told",
    }
)

#: By key of `federated`: what tells of clients one by one.
SINGLE: Mapping[str, str] = MappingProxyType(
    {
        "contributions": "they are told apart by single clients' weights",
        "outliers": "they are told by single clients' weights",
        "personalize": "what it tells is each client's own gain",
    }
)


def check_secure(config: "FederatedConfig", clients: int) -> None:
    """Refuse what a secure sum can't give, or can't be made of so few.

    Args:
        config: the section `federated`, whose `secure` is set.
        clients: number of clients.

    Raises:
        CombinationError: there is such.
    """
    assert config.secure is not None, "asked for"
    asked = {
        "contributions": config.contributions != "none",
        "outliers": config.outliers is not None,
        "personalize": config.personalize > 0,
    }
    found = {f"federated.{key}": SINGLE[key] for key, on in asked.items() if on}
    if config.strategy in REFUSED:
        found[f"federated.strategy: {config.strategy}"] = REFUSED[config.strategy]
    for name, why in found.items():
        raise CombinationError(
            f"federated.secure can't be had with {name}",
            got=f"federated.secure and {name}",
            expected=f"one of them: {why}",
            mend="leave one of them out",
        )
    choose_neighbourhood(
        max(1, round(config.fraction * clients)), config.secure.colluding, config.secure.dropouts
    )
