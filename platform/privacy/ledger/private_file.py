"""What only this machine may know: the key of the row digests, and the last head it saw of the ledger.

With the key, whoever has a guess of a row can test whether it is in a data set. It is made once, readable by
its owner alone, and is in no report and no artifact. Machines that share a ledger share the file `KEY`, by
hand.
"""

import hmac
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...exceptions import LedgerError
from .chain import START, Head

__all__ = ["PrivateFile"]

KEY = "ledger.key"
SEEN = "ledger.head"


class PrivateFile:
    """Two small files in a folder of the owner's.

    Args:
        folder: made when the first is written.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def key(self) -> bytes:
        """The key, 32 bytes, made where there is none.

        Raises:
            LedgerError: others could read it, or it can't be read or written.
        """
        with self._failures():
            if not (self.folder / KEY).exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                self._write(KEY, secrets.token_hex(32), replace=False)
            path = self.folder / KEY
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise LedgerError(
                    f"{path} may be read by others (mode {mode:o})\n  mend: chmod 600 {path}; if others did, "
                    "they can test guesses of rows against the ledger"
                )
            try:
                return bytes.fromhex(path.read_text().strip())
            except ValueError:
                raise LedgerError(f"{path} holds no key\n  mend: bring back its backup") from None

    def name(self) -> str:
        """What a ledger notes of its key: enough to know it again, and nothing more."""
        return self.derive(self.key(), "name").hex()[:32]

    @staticmethod
    def derive(key: bytes, purpose: str) -> bytes:
        """A key for one purpose, from which no other follows."""
        return hmac.digest(key, f"assay ledger {purpose}".encode(), "sha256")

    def seen(self) -> Head:
        """The last head that was noted here."""
        with self._failures():
            path = self.folder / SEEN
            if not path.exists():
                return START
            try:
                return Head(**json.loads(path.read_text()))
            except (ValueError, TypeError):
                raise LedgerError(
                    f"{path} can't be read\n  mend: remove it, after `verify` with the head of a report"
                ) from None

    def note(self, head: Head) -> None:
        """Remember a head. Writers may come in another order than their entries: any head will do."""
        with self._failures():
            self._write(SEEN, json.dumps(head.to_json()), replace=True)

    def _write(self, name: str, text: str, *, replace: bool) -> None:
        """Write a file whole or not at all; without `replace` the first of several writers wins."""
        draft = self.folder / f"{name}.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                os.replace(draft, self.folder / name)
                return
            with suppress(FileExistsError):
                os.link(draft, self.folder / name)
        finally:
            draft.unlink(missing_ok=True)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LedgerError(
                f"the ledger's private files in {self.folder} can't be used: {error.strerror or error}\n"
                "  mend: make room there, and let its owner write to it; no training starts without"
            ) from error
