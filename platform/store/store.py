"""The store: one local folder of artifacts, safe against kills, full disks, races and rot.

    artifacts/KEY/   published: data files and manifest.json; appears by one rename, complete or not at all
    drafts/          being written; what a dead process left is swept when the next one publishes
    scratch/KEY/     checkpoints of a stage: survive kill -9, cleared when its artifact is published
    quarantine/      artifacts whose bytes weren't what their manifest says, each with a record of why

Data files are on the disk before the manifest is written, and the manifest before the rename.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..exceptions import StoreError
from .artifact import Artifact, examine
from .cache_key import cache_key
from .digest import canonical_json
from .draft import Draft, seal, sync, write_durably
from .failure import is_read_only, storage_failures
from .lock import exclusive, release, try_hold
from .manifest import MANIFEST, Manifest
from .name import check_key

# Scratch folders that this process holds, by path, with the lock's descriptor.
_scratch_held: dict[Path, int] = {}


@dataclass(frozen=True)
class StoreWarning:
    """Something that was wrong in the store and was handled."""

    key: str
    reasons: tuple[str, ...]
    moved_to: str | None
    """Where the artifact was set aside; None where it stayed."""


class Store:
    """Artifacts below one local folder; nothing is created before something is written.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path | str):
        self.root = Path(root).absolute()
        self.warnings: list[StoreWarning] = []
        """What was found wrong since this object was made."""

    def lookup(self, key: str) -> Artifact | None:
        """Find an artifact and read its every byte; a corrupt one is set aside, reported, and a miss.

        Raises:
            StoreError: the system refuses to read the store.
        """
        path = self._path(key)
        with storage_failures(self.root):
            while True:
                try:
                    inode = path.lstat().st_ino
                except FileNotFoundError:
                    return None
                artifact, faults = examine(path, key)
                if artifact is not None:
                    return artifact
                if not self._set_aside(path, inode, faults):
                    return None

    def manifest(self, key: str) -> Manifest | None:
        """What an artifact says of itself, its files unread; None where it is gone or its manifest is torn.

        Raises:
            StoreError: the system refuses to read the store.
        """
        with storage_failures(self.root):
            try:
                content = (self._path(key) / MANIFEST).read_bytes()
            except FileNotFoundError:
                return None
        try:
            return Manifest.parse(content)
        except StoreError:
            return None

    def get(self, key: str) -> Artifact:
        """Find an artifact that has to be there.

        Raises:
            StoreError: it isn't, or is corrupt.
        """
        artifact = self.lookup(key)
        if artifact is None:
            why = next((f" ({'; '.join(w.reasons)})" for w in self.warnings if w.key == key), "")
            raise StoreError(
                f"artifact {key[:12]} is not in {self.root}{why}; run the spec again to make it anew"
            )
        return artifact

    @contextmanager
    def publish(
        self,
        key: str,
        *,
        kind: str,
        inputs: Mapping[str, str],
        section: Any,
        code: str,
        libraries: Mapping[str, str],
    ) -> Iterator[Draft]:
        """Give a stage a folder to write in; publish it at the end of the block, or leave nothing.

        Where another process published the key first, its artifact is adopted. The key's scratch is cleared.

        Args:
            key: `cache_key` of the other arguments, which see there.

        Raises:
            StoreError: the disk is full or read-only, or the draft can't be an artifact.
        """
        recipe = {"kind": kind, "inputs": inputs, "section": section, "code": code, "libraries": libraries}
        if cache_key(**recipe) != key:
            raise StoreError(
                f"key {key!r:.80} does not follow from kind, inputs, section, code and libraries"
            )
        with storage_failures(self.root), self._draft(key) as draft:
            start = time.perf_counter()
            yield draft
            manifest = seal(draft, seconds=time.perf_counter() - start, recipe={"key": key, **recipe})
            draft.published = self._adopt_or_rename(draft.path, manifest)
            self.clear_scratch(key)

    def scratch(self, key: str) -> Path:
        """Folder for a stage's checkpoints, held by this process until it ends or publishes.

        It survives kill -9: the next process that asks gets it with what it holds. While another live process
        holds it, a second folder is given, so that two never write the same checkpoint.
        """
        folder = self.root / "scratch" / check_key(key)
        with storage_failures(self.root), self._exclusive():
            slot = 0
            while True:
                path = folder.with_name(f"{key}.{slot}")
                path.mkdir(parents=True, exist_ok=True)
                if path in _scratch_held:
                    return path
                if (descriptor := try_hold(path)) is not None:
                    _scratch_held[path] = descriptor
                    return path
                slot += 1

    def clear_scratch(self, key: str) -> None:
        """Remove the checkpoints that this process, or a dead one, keeps for a key."""
        check_key(key)
        if not any((self.root / "scratch").glob(f"{key}.*")):
            return
        with storage_failures(self.root), self._exclusive():
            for path in (self.root / "scratch").glob(f"{key}.*"):
                descriptor = _scratch_held.pop(path, None)
                if descriptor is None:
                    descriptor = try_hold(path)
                if descriptor is not None:
                    shutil.rmtree(path)
                    release(descriptor)

    def _path(self, key: str) -> Path:
        return self.root / "artifacts" / check_key(key)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold the store's one lock: around renames and claims, never around a stage's work."""
        self.root.mkdir(parents=True, exist_ok=True)
        with exclusive(self.root / "lock"):
            yield

    @contextmanager
    def _draft(self, key: str) -> Iterator[Draft]:
        """A fresh folder, held while it is written, gone afterwards unless it was renamed."""
        folder = self.root / "drafts"
        with self._exclusive():
            folder.mkdir(exist_ok=True)
            _sweep(folder)
            path = folder / f"{key[:16]}.{os.urandom(8).hex()}"
            path.mkdir()
            descriptor = try_hold(path)
            assert descriptor is not None, "a folder that was just made has no other holder"
        try:
            yield Draft(path)
        finally:
            shutil.rmtree(path, ignore_errors=True)
            release(descriptor)

    def _adopt_or_rename(self, draft: Path, manifest: Manifest) -> Artifact:
        """Make the draft the artifact of its key, unless one is there already."""
        final = self._path(manifest.key)
        while True:
            existing = self.lookup(manifest.key)
            if existing is not None:
                if existing.digest != manifest.digest:
                    reason = "another run of the same stage made other data; the first one is kept"
                    self.warnings.append(StoreWarning(key=manifest.key, reasons=(reason,), moved_to=None))
                return existing
            with self._exclusive():
                final.parent.mkdir(exist_ok=True)
                if not os.path.lexists(final):
                    os.rename(draft, final)
                    sync(final.parent)
                    return Artifact(final, manifest)

    def _set_aside(self, path: Path, inode: int, faults: tuple[str, ...]) -> bool:
        """Move a corrupt artifact into quarantine, if it still is the one that was examined.

        Returns:
            Whether another process replaced it meanwhile, so that looking again may find something else.
        """
        moved_to = None
        try:
            with self._exclusive():
                if not os.path.lexists(path) or path.lstat().st_ino != inode:
                    return True
                target = self.root / "quarantine" / f"{path.name[:16]}.{os.urandom(4).hex()}"
                target.parent.mkdir(exist_ok=True)
                os.rename(path, target)
                moved_to = str(target)
        except OSError as error:
            if not is_read_only(error):  # where nothing may be written the artifact stays, unused
                raise
        warning = StoreWarning(key=path.name, reasons=faults, moved_to=moved_to)
        self.warnings.append(warning)
        if moved_to is not None:
            write_durably(Path(f"{moved_to}.json"), canonical_json(asdict(warning)))
        return False


def _sweep(drafts: Path) -> None:
    """Remove the drafts whose writers are dead: the folders that nobody holds."""
    for path in drafts.iterdir():
        if (descriptor := try_hold(path)) is not None:
            shutil.rmtree(path, ignore_errors=True)
            release(descriptor)
