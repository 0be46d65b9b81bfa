"""Digests of files, of JSON values and of folders.

JSON is hashed in one canonical form, after RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785): keys sorted,
no spaces, UTF-8, no NaN. Two deviations, both harmless to a digest that only this code computes: numbers are
written as Python's `repr` writes them (1 and 1.0 differ), and keys sort by code point.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes in hex; the file is streamed, never held in memory."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:
    """Write `value` in the one form that its digest is taken of.

    Args:
        value: mappings with string keys, sequences, strings, finite numbers, booleans and None.

    Raises:
        TypeError: something in it isn't JSON; the message says where.
        ValueError: a number in it is NaN or infinite, or a string isn't Unicode.
    """
    text = json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def digest_of_json(value: Any) -> str:
    """SHA-256 in hex of the canonical form of `value`."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def tree_digest(files: Mapping[str, str]) -> str:
    """Digest of a folder: of its relative paths, each with the SHA-256 of that file's bytes."""
    return digest_of_json(files)


def plain(value: Any, where: str = "") -> Any:
    """Copy `value` into dicts and lists, naming by JSON pointer what JSON can't hold."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"key {key!r} at '{where}' is {type(key).__name__}; JSON needs a string")
        return {str(key): plain(item, f"{where}/{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}/{index}") for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} at '{where}' can't be written as JSON; leave out what isn't known")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} at '{where}' can't be written as JSON")
