"""The manifest: what an artifact is, what it was made from, when, where and at what cost."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..exceptions import StoreError
from .cache_key import cache_key
from .digest import plain, tree_digest
from .name import check_key, check_relative_path

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One data file."""

    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is known of an artifact beside its data; only `files` decides its identity."""

    schema_version: int = SCHEMA_VERSION
    kind: str
    """What the folder holds: dataset, model, …"""
    key: str
    """Cache key, in hex: follows from kind, inputs, section, code and libraries."""
    digest: str
    """SHA-256 over paths and hashes of the data files: equal data, equal digest."""
    files: Mapping[str, FileEntry]
    """Every data file by its path inside the artifact."""
    inputs: Mapping[str, str]
    """Digest of each artifact that it was made from, by role."""
    section: Any
    """The part of the spec that shaped it, as JSON."""
    code: str
    """Hash of the code that made it."""
    libraries: Mapping[str, str]
    """Versions of the numeric libraries that it used."""
    environment: Mapping[str, Any]
    """The machine and the Python that made it."""
    seconds: float
    """Wall time of the stage, in seconds."""
    energy: Mapping[str, Any]
    """What the energy meter read (kWh among it); empty where nothing was metered."""
    details: Mapping[str, Any]
    """What else the stage says of itself."""
    created: str
    """UTC time, ISO 8601."""

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON writes it."""
        return plain(asdict(self))

    @classmethod
    def from_json(cls, value: Any) -> "Manifest":
        """Read a manifest, trusting nothing in it.

        Raises:
            StoreError: a key is missing or unknown, a type is wrong, or key or digest don't follow from it.
        """
        manifest = cls(**_checked_fields(value))
        expected = cache_key(
            kind=manifest.kind,
            inputs=manifest.inputs,
            section=manifest.section,
            code=manifest.code,
            libraries=manifest.libraries,
        )
        if manifest.key != expected:
            raise StoreError("the manifest's key does not follow from its parts")
        if manifest.digest != tree_digest({name: entry.sha256 for name, entry in manifest.files.items()}):
            raise StoreError("the manifest's digest does not follow from its files")
        return manifest

    @classmethod
    def parse(cls, text: bytes) -> "Manifest":
        """Read a manifest from the bytes of its file.

        Raises:
            StoreError: it isn't JSON, or not a manifest.
        """
        try:
            return cls.from_json(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise StoreError(f"the manifest is not JSON: {error}") from None


_TYPES: dict[str, type | tuple[type, ...]] = {
    "schema_version": int,
    "kind": str,
    "key": str,
    "digest": str,
    "files": dict,
    "inputs": dict,
    "code": str,
    "libraries": dict,
    "environment": dict,
    "seconds": (int, float),
    "energy": dict,
    "details": dict,
    "created": str,
}


def _checked_fields(value: Any) -> dict[str, Any]:
    """Constructor arguments of a manifest read from JSON: exactly its keys, each of its type."""
    if not isinstance(value, dict):
        raise StoreError(f"the manifest is {type(value).__name__}, not an object")
    names = {field.name for field in fields(Manifest)}
    if value.keys() != names:
        raise StoreError(f"the manifest's keys differ from the schema's: {sorted(value.keys() ^ names)}")
    for name, types in _TYPES.items():
        if not isinstance(value[name], types) or isinstance(value[name], bool):
            raise StoreError(f"the manifest's {name} is {type(value[name]).__name__}")
    if value["schema_version"] != SCHEMA_VERSION:
        raise StoreError(f"the manifest's schema version is {value['schema_version']}, not {SCHEMA_VERSION}")
    check_key(value["key"])
    return {
        **value,
        "files": {check_relative_path(name): _entry(name, e) for name, e in value["files"].items()},
    }


def _entry(name: str, value: Any) -> FileEntry:
    """One file's entry, read strictly."""
    if not isinstance(value, dict) or value.keys() != {"sha256", "bytes"}:
        raise StoreError(f"the manifest's entry of {name!r} is not {{sha256, bytes}}")
    if not isinstance(value["sha256"], str) or type(value["bytes"]) is not int:
        raise StoreError(f"the manifest's entry of {name!r} has wrong types")
    return FileEntry(**value)
