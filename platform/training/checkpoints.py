"""Checkpoints that survive kill -9: written whole or not at all, checked before they are believed.

A checkpoint is one safetensors file. Tensors (weights, optimizer) are its body, everything else (position,
history) is JSON in its header. Its name carries the SHA-256 of its bytes, so a torn or altered file betrays
itself and the one before it is used. Nothing is unpickled.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from ..exceptions import StoreError
from ..store.digest import sha256_file
from ..store.draft import sync


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of a run between two steps.

    Attributes:
        step: steps done, of all epochs together.
        tensors: weights, best weights, optimizer.
        state: the rest, as JSON can say it.
    """

    step: int
    tensors: dict[str, Tensor]
    state: dict[str, Any]


class Checkpoints:
    """The newest checkpoints of one run, in a folder that outlives the process.

    Args:
        folder: where they lie.
        run: what the run is, e.g. a digest of its settings: checkpoints of another run are left out of sight.
        keep: how many are kept; two, so that one is whole while the other is written.
    """

    def __init__(self, folder: Path, *, run: str, keep: int = 2):
        self.folder, self.run, self.keep = folder, run, keep
        self._whole: list[Path] = []
        # Nobody else's to read: a private run's checkpoint holds the key of its noise.
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint to disk, then drop those that are no longer needed.

        Raises:
            StoreError: there is no room, or no right to write.
        """
        header = {"run": self.run, "step": str(checkpoint.step), "state": json.dumps(checkpoint.state)}
        unfinished = self.folder / "unfinished"
        try:
            safetensors.torch.save_file(_apart(checkpoint.tensors), unfinished, metadata=header)
        except SafetensorError as error:  # as which safetensors passes on what the disk says
            raise StoreError(f"a checkpoint can't be written to {self.folder}: {error}") from error
        sync(unfinished)
        path = self.folder / f"{checkpoint.step:010d}.{sha256_file(unfinished)}.safetensors"
        os.replace(unfinished, path)
        sync(self.folder)
        self._whole = [*(found for found in self._whole if found != path), path][-self.keep :]
        for other in self.folder.iterdir():
            if other not in self._whole:
                other.unlink(missing_ok=True)
        return path

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint of this run that is whole, or None."""
        for path in sorted(self.folder.glob("*.safetensors"), reverse=True):
            checkpoint = self._read(path)
            if checkpoint is not None:
                self._whole = [path]
                return checkpoint
        return None

    def _read(self, path: Path) -> Checkpoint | None:
        """Read one file; None where it is torn, altered, or of another run."""
        try:
            content = path.read_bytes()
            if path.name.split(".")[1] != sha256(content).hexdigest():
                return None
            header = _header(content)
            # Cloned: the tensors that come back lie in the file's bytes, wherever those happen to be aligned.
            tensors = {name: tensor.clone() for name, tensor in safetensors.torch.load(content).items()}
            if header["run"] != self.run:
                return None
            return Checkpoint(step=int(header["step"]), tensors=tensors, state=json.loads(header["state"]))
        except (OSError, SafetensorError, ValueError, KeyError, IndexError):
            return None


def _header(content: bytes) -> Mapping[str, str]:
    """The free-form part of a safetensors header: eight bytes of length, then JSON."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length])["__metadata__"]


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors on the CPU; those that share memory, as tied weights, copied: safetensors refuses them."""
    apart: dict[str, Tensor] = {}
    places: set[int] = set()
    for name, tensor in tensors.items():
        found = tensor.detach().cpu().contiguous()
        place = found.untyped_storage().data_ptr()
        apart[name] = found.clone() if place in places else found
        places.add(place)
    return apart
