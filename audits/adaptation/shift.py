"""The difference of two measured numbers that rest on different rows.

Zou & Donner, "Construction of confidence limits about effect measures: a general approach" (2008), section 2,
https://doi.org/10.1002/sim.3095; of two proportions with Wilson's limits it is method 10 of Newcombe (1998),
https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
"""

from collections.abc import Mapping
from math import hypot
from typing import Any

from ..findings import number

__all__ = ["independent_difference"]


def independent_difference(ours: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """`ours - other`, with limits made of both numbers' own.

    They hold for rows drawn independently. Where the same things were measured in both domains, the limits
    are wider than they need be.

    Args:
        ours: value, low, high and n.
        other: the same, of other rows and at the same confidence.
    """
    value = ours["value"] - other["value"]
    below = hypot(ours["value"] - ours["low"], other["high"] - other["value"])
    above = hypot(ours["high"] - ours["value"], other["value"] - other["low"])
    return number(value, value - below, value + above, min(ours["n"], other["n"]))
