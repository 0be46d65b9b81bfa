"""The declared population: which share of the people concerned belongs to each group."""

from collections.abc import Mapping

from ..exceptions import DataError, SpecError, nearest
from .schema import resolve

__all__ = ["check_shares", "settle"]

_ROUNDING = 0.005
"""Published shares are rounded: so far from 1 their sum may be."""


def check_shares(reference: Mapping[str, Mapping[str, float]]) -> None:
    """SpecError if shares aren't shares, or don't sum to 1."""
    for attribute, shares in reference.items():
        total = sum(shares.values())
        if any(not 0 < share <= 1 for share in shares.values()) or abs(total - 1) > _ROUNDING:
            raise SpecError(
                f"data.reference.{attribute} isn't a population",
                got=f"{dict(shares)}, which sum to {total:g}",
                expected="a share above 0 for each group, which sum to 1",
                mend=f"write for example reference: {{{attribute}: {{women: 0.51, men: 0.49}}}}",
            )


def settle(
    reference: Mapping[str, Mapping[str, float]], known: Mapping[str, set[str]]
) -> dict[str, dict[str, float]]:
    """The declared shares by the names that the data use, scaled to sum to exactly 1.

    Args:
        known: groups of each sensitive column that the data have, missing values aside.

    Raises:
        DataError: a column isn't sensitive, or a group isn't in the data, or has no share.
    """
    found = {}
    for name, shares in reference.items():
        attribute = resolve(name, known, what="sensitive column")
        for group in shares:
            if group not in known[attribute]:
                raise DataError(
                    f"data.reference names a group of {attribute!r} that no row belongs to",
                    got=repr(group),
                    expected="a group of the data",
                    mend=nearest(group, known[attribute]),
                )
        lost = sorted(known[attribute] - set(shares))
        if lost:
            raise DataError(
                f"data.reference gives some groups of {attribute!r} no share",
                got=f"none for {', '.join(map(repr, lost))}",
                expected="a share for every group",
                mend="give them one; if nobody of the population is in such a group, leave its rows out",
            )
        total = sum(shares.values())
        found[attribute] = {group: share / total for group, share in shares.items()}
    return found
