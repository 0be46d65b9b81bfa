"""What the steps of a secure sum say in Flower's records: lists of numbers and of byte strings, checked."""

from collections.abc import Mapping
from typing import Any

from flwr.app import RecordDict

__all__ = ["byte_strings", "one", "size", "whole_numbers"]


def whole_numbers(record: Mapping[str, Any], key: str) -> list[int]:
    """A list of whole numbers.

    Raises:
        ValueError: it is none.
    """
    return _listed(record, key, int)


def byte_strings(
    record: Mapping[str, Any], key: str, *, number: int, length: int | None = None
) -> list[bytes]:
    """So many byte strings, each so long.

    Raises:
        ValueError: they aren't.
    """
    found = _listed(record, key, bytes)
    if len(found) != number or (length is not None and any(len(part) != length for part in found)):
        raise ValueError(f"{key}: not {number} of {length or 'any'} bytes")
    return found


def one(record: Mapping[str, Any], key: str, *, length: int) -> bytes:
    """A single byte string, so long.

    Raises:
        ValueError: it isn't.
    """
    return byte_strings({key: [record.get(key)]}, key, number=1, length=length)[0]


def size(content: RecordDict) -> int:
    """Bytes of a message's values, without their names: Flower counts none where a list is empty."""
    arrays = sum(record.count_bytes() for record in content.array_records.values())
    records = (*content.config_records.values(), *content.metric_records.values())
    return arrays + sum(_size(value) for record in records for value in record.values())


def _size(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, (bytes, str)) else 8  # a number's


def _listed(record: Mapping[str, Any], key: str, kind: type) -> list[Any]:
    found = record.get(key)
    if not isinstance(found, list) or not all(isinstance(part, kind) for part in found):
        raise ValueError(f"{key}: no list of {kind.__name__}")
    return found
