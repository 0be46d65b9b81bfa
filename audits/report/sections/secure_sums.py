"""Secure aggregation, in a paragraph: what the server saw, how far off it is, and what it took."""

from collections.abc import Mapping
from typing import Any

from ..figures import count, duration, plain

__all__ = ["secure_sums"]

_LOST = {
    "keys": "before they showed keys",
    "shares": "before they shared them",
    "vector": "before their answer",
    "unmask": "after it, which stayed in the sum",
}


def secure_sums(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences for the section on clients."""
    least, neighbours = count(found["least"]), count(found["neighbours"])
    said = [
        f"The server saw sums of {least} clients or more alone, in training and in validation, so nobody was "
        "told how good the global weights are for any one of them. "
        f"It took {count(found['threshold'])} of a client's {neighbours} neighbours to unmask. ",
        f"No mean of changes is off by {plain(found['bound'])}, as changes were rounded at random to "
        f"{found['bits']} bits of [-{plain(found['clip'])}, {plain(found['clip'])}]; ",
        f"{count(found['cut'])} were cut to it. " if found["cut"] else "none was cut to it. ",
    ]
    lost = [f"{count(n)} {_LOST[step]}" for step, n in found["dropped"].items() if n]
    said.append(f"Clients lost: {', '.join(lost)}. " if lost else "")
    took = f" and {duration(found['seconds'])} beside what clients computed" if "seconds" in found else ""
    said.append(f"All messages: {plain(found['bytes'] / 1e6)} MB{took}.")
    return ("".join(said),)
