"""An artifact: an immutable folder of data files with its manifest, believed once every byte was read."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..exceptions import StoreError
from .digest import sha256_file, tree_digest
from .manifest import MANIFEST, Manifest


@dataclass(frozen=True)
class Artifact:
    """A verified folder."""

    path: Path
    manifest: Manifest

    @property
    def key(self) -> str:
        """The cache key that it was found under."""
        return self.manifest.key

    @property
    def digest(self) -> str:
        """Identity of its data."""
        return self.manifest.digest

    def digest_of(self, *files: str) -> str:
        """Identity of some of its files: the tree digest over these alone.

        Raises:
            StoreError: the artifact has no such file.
        """
        entries = self.manifest.files
        for name in files:
            if name not in entries:
                raise StoreError(f"artifact {self.key[:12]} has no file {name!r}; it has {sorted(entries)}")
        return tree_digest({name: entries[name].sha256 for name in files})


def examine(path: Path, key: str) -> tuple[Artifact | None, tuple[str, ...]]:
    """Read an artifact's every byte.

    Args:
        path: its folder.
        key: the cache key that it must have.

    Returns:
        The artifact and no faults, or None and every fault that was found, one sentence each.

    Raises:
        OSError: the system refused to read, which says nothing of the data.
    """
    try:
        if path.is_symlink() or not path.is_dir():
            return None, ("it is not a folder",)
        found = dict(data_files(path))
        manifest_file = found.pop(MANIFEST, None)
        if manifest_file is None:
            return None, ("manifest.json is missing",)
        manifest = Manifest.parse(manifest_file.read_bytes())
        faults = _differences(manifest, found)
        if manifest.key != key:
            faults.insert(0, f"its manifest belongs to {manifest.key}")
    except (StoreError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        return None, (str(error),)
    return (None, tuple(faults)) if faults else (Artifact(path, manifest), ())


def data_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Every file below `root` with its relative path, in no order.

    Raises:
        StoreError: something is neither a folder nor a plain file: links lead out of an artifact.
    """
    pending = [root]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield path.relative_to(root).as_posix(), path
                else:
                    raise StoreError(f"{path.relative_to(root)} is neither a plain file nor a folder")


def _differences(manifest: Manifest, found: dict[str, Path]) -> list[str]:
    """Sentences on every file that isn't as the manifest says."""
    faults = [f"{name} is missing" for name in sorted(manifest.files.keys() - found.keys())]
    faults += [f"{name} is not in the manifest" for name in sorted(found.keys() - manifest.files.keys())]
    for name in sorted(manifest.files.keys() & found.keys()):
        entry, size = manifest.files[name], found[name].stat().st_size
        if size != entry.bytes:
            faults.append(f"{name} has {size} bytes, not {entry.bytes}")
        elif sha256_file(found[name]) != entry.sha256:
            faults.append(f"{name} has other content than its digest says")
    return faults
