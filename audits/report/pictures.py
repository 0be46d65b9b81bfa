"""Example pictures as data: URIs, within a budget, so that the page needs no other file."""

import base64
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["BUDGET", "Embedded", "embedder"]

BUDGET = 400_000
"""Letters of all data: URIs of one page; what comes after is named instead of shown."""

_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = 24  # signature, then the chunk that begins with width and height


@dataclass(frozen=True)
class Embedded:
    """A picture to show, or the reason why it isn't."""

    uri: str = ""
    width: int = 0
    height: int = 0
    reason: str = ""


def embedder(pictures: Mapping[str, bytes]) -> Callable[[str], Embedded]:
    """A function from relative path to `Embedded`, which keeps count of the budget of one page."""
    left = BUDGET

    def embed(path: str) -> Embedded:
        nonlocal left
        content = pictures.get(path)
        if content is None:
            return Embedded(reason="The picture is not at hand.")
        if not content.startswith(_PNG) or len(content) < _HEADER:
            return Embedded(reason="Not a PNG picture: not shown.")
        uri = "data:image/png;base64," + base64.b64encode(content).decode("ascii")
        if len(uri) > left:
            return Embedded(reason="Left out to keep the page small: it lies beside report.json.")
        left -= len(uri)
        width, height = struct.unpack(">II", content[16:_HEADER])
        return Embedded(uri, width, height)

    return embed
