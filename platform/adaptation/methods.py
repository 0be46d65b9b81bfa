"""Every method that `adapt.method` may name, with its options. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = ["METHODS", "Method"]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How far the features of two domains are apart, as a penalty."""

    summary: str
    paper: str
    """Authors, year, where."""
    weight: float
    """What the penalty is multiplied by where the spec doesn't say."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Every option with its default; each is a whole number above 0."""
    cannot_say: str
    """What it can't do, or doesn't promise."""


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "coral": Method(
            summary="make the covariances of both domains' features alike",
            paper="Sun & Saenko (2016), https://arxiv.org/abs/1607.01719",
            weight=10.0,
            cannot_say="blind to a shift of means, which the layers before it can take away",
        ),
        "dann": Method(
            summary="make features that a classifier of domains can't tell apart",
            paper="Ganin et al. (2016), JMLR, https://arxiv.org/abs/1505.07818",
            weight=0.3,
            options={"hidden": 64},
            cannot_say="two players that must keep level: where one runs away it does harm",
        ),
    }
)
