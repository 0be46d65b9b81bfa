"""Which networks and which ways to pretrain differential privacy allows: known before any row is read."""

from collections.abc import Mapping
from typing import Any

from ...models.catalog import Part
from ..exceptions import CombinationError

__all__ = ["needs", "require_private"]

_AS_WELL = frozenset({("norm", "none")})
"""Values of options that differential privacy allows, too."""


def needs(part: Part) -> str:
    """In words: `yes`, `with norm: group`, or `no`."""
    if part.private is None:
        return "no"
    options = ", ".join(f"{option}: {value}" for option, value in part.private.items())
    return f"with {options}" if options else "yes"


def require_private(key: str, name: str, table: Mapping[str, Part], options: Mapping[str, Any]) -> None:
    """Refuse a part that can't be trained with differential privacy, or not with these options.

    Args:
        key: of the spec that names it, e.g. `model.architecture`.
        name: a key of `table`.
        table: of the catalog.
        options: that are given; the others keep their defaults.

    Raises:
        CombinationError: it can't.
    """
    needed = table[name].private
    if needed is None:
        allowed = [other for other, part in table.items() if part.private is not None]
        raise CombinationError(
            f"{key} {name} can't be had with privacy",
            got=name,
            expected="what is computed for a row depends on that row alone, as a bound on its gradient asks",
            mend=f"one of {', '.join(allowed)}",
        )
    given = {**table[name].options, **options}
    for option, value in needed.items():
        if given[option] != value and (option, given[option]) not in _AS_WELL:
            place = "model" if key.startswith("model") else "pretrain.options"
            raise CombinationError(
                f"{name} can't be had with privacy as it is",
                got=f"{option}: {given[option]}",
                expected=f"{option}: {value}, by which no row depends on the others",
                mend=f"set {place}.{option} to {value}",
            )
