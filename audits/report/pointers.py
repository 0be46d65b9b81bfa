"""JSON pointers (RFC 6901): how the report names a place in itself."""

from collections.abc import Iterator
from typing import Any

__all__ = ["leaves", "resolve", "tokens", "within"]


def tokens(pointer: str) -> list[str]:
    """Keys of a pointer, unescaped: `/a~1b/0` is `["a/b", "0"]`."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def resolve(document: Any, pointer: str, default: Any = None) -> Any:
    """What stands at a pointer, or `default` where nothing does."""
    found = document
    for token in tokens(pointer):
        if isinstance(found, dict) and token in found:
            found = found[token]
        elif isinstance(found, list) and token.isdecimal() and int(token) < len(found):
            found = found[int(token)]
        else:
            return default
    return found


def within(pointer: str, parent: str) -> bool:
    """Whether a pointer names `parent` or something inside it."""
    return pointer == parent or pointer.startswith(parent + "/")


def leaves(document: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every (pointer, value) whose value is neither a non-empty object nor a non-empty array."""
    items = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    empty = True
    for key, value in items:
        empty = False
        yield from leaves(value, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")
    if empty:
        yield at, document
