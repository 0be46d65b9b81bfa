"""What a model has cost over all its versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Made", "history"]

_ENDS = ("value", "low", "high")


@dataclass(frozen=True, kw_only=True)
class Made:
    """One version, and what each artifact that it was made through cost."""

    version: int
    readings: Mapping[str, Mapping[str, float] | None]
    """Key of each artifact to its `value`, `low` and `high` in kWh; None where nobody read it."""


def history(versions: Sequence[Made]) -> list[dict[str, Any]]:
    """A line a version: the artifacts that it added, and their energy in kWh.

    An artifact that several versions share was made once, so it counts for the first of them. A version of
    which an artifact went unread has no energy: the others' sum would look like all of it.

    Args:
        versions: oldest first.
    """
    seen: set[str] = set()
    lines = []
    for made in versions:
        added = {key: reading for key, reading in made.readings.items() if key not in seen}
        seen |= added.keys()
        line: dict[str, Any] = {"version": made.version, "artifacts": len(added)}
        read = [reading for reading in added.values() if reading is not None]
        if added and len(read) == len(added):
            line["kwh"] = {end: sum(reading[end] for reading in read) for end in _ENDS} | {"n": len(added)}
        lines.append(line)
    return lines
