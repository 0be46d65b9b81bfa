"""A draft: the temporary folder in which a stage writes, and how it is made durable."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..exceptions import StoreError
from .artifact import Artifact, data_files
from .digest import canonical_json, sha256_file, tree_digest
from .manifest import MANIFEST, FileEntry, Manifest
from .name import check_relative_path


@dataclass
class Draft:
    """What a stage fills in; after the `with` block `artifact` is what was published."""

    path: Path
    """Folder for data files."""
    details: dict[str, Any] = field(default_factory=dict)
    """What the stage says of itself, as JSON; no part of the identity."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """The energy meter's reading, as JSON."""
    seconds: float | None = None
    """Wall time in seconds; measured around the block unless set."""
    published: Artifact | None = None
    """Set by the store at the end of the block."""

    @property
    def artifact(self) -> Artifact:
        """The published artifact, once the `with` block has ended."""
        assert self.published is not None, "a draft is published when its block ends"
        return self.published


def seal(draft: Draft, *, seconds: float, recipe: Mapping[str, Any]) -> Manifest:
    """Make the draft's files durable, then write its manifest, last.

    Args:
        draft: the filled draft.
        seconds: wall time of its block.
        recipe: kind, key, inputs, section, code and libraries.

    Raises:
        StoreError: it holds no file, a link, or a file that is named as the manifest is.
    """
    files = _sync_files(draft.path)
    written = Manifest(
        **recipe,
        digest=tree_digest({name: entry.sha256 for name, entry in files.items()}),
        files=files,
        environment=_environment(),
        seconds=round(seconds if draft.seconds is None else draft.seconds, 6),
        energy=draft.reading,
        details=draft.details,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    ).to_json()
    manifest = Manifest.from_json(written)  # what can't be read back must not be published
    write_durably(draft.path / MANIFEST, canonical_json(written))
    for folder, _, _ in os.walk(draft.path):
        sync(Path(folder))
    return manifest


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_files(root: Path) -> dict[str, FileEntry]:
    """Entry of each data file, each on the disk."""
    files: dict[str, FileEntry] = {}
    for name, path in sorted(data_files(root)):
        check_relative_path(name)
        if name == MANIFEST:
            raise StoreError(f"a stage wrote {MANIFEST}, which the store itself writes")
        sync(path)
        files[name] = FileEntry(sha256=sha256_file(path), bytes=path.stat().st_size)
    if not files:
        raise StoreError("a stage wrote no file, so there is nothing to publish")
    return files


def _environment() -> dict[str, Any]:
    """The machine and the Python, without anything that names their owner."""
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
    }
