"""The energy of a model's versions so far, written down with each new one: later ones don't change it."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..audits.carbon import Made
from ..platform.registry import Registry
from ..platform.store import Artifact, Store, canonical_json

_FILE = "energy.json"


def gather(
    name: str, number: int, artifacts: Iterable[Artifact], *, registry: Registry, store: Store
) -> list[Made]:
    """What every version before this one cost, and this one, from the manifests.

    Args:
        name: the model.
        number: of the version that is being made.
        artifacts: of its stages.
        registry: where the earlier versions are.
        store: where their artifacts are; one that is gone is unread.
    """
    earlier = [version for version in registry.versions(name) if version.number < number]
    found = [
        Made(
            version=version.number,
            readings={
                key: None if (manifest := store.manifest(key)) is None else _reading(manifest.energy)
                for key in version.artifacts.values()
            },
        )
        for version in earlier
    ]
    return [*found, Made(version=number, readings={a.key: _reading(a.manifest.energy) for a in artifacts})]


def save(versions: Iterable[Made], folder: Path) -> None:
    """Write it into a report's folder."""
    (folder / _FILE).write_bytes(canonical_json([dataclasses.asdict(made) for made in versions]))


def load(folder: Path) -> list[Made]:
    """What `save` wrote."""
    return [Made(**made) for made in json.loads((folder / _FILE).read_bytes())]


def _reading(energy: Mapping[str, Any]) -> dict[str, float] | None:
    """A meter's reading with its ends, or None."""
    value = energy.get("kwh")
    if value is None:
        return None
    return {"value": value, "low": energy.get("low", value), "high": energy.get("high", value)}
