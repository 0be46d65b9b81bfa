"""Random bits that nobody can foretell: AES-128 in counter mode under a secret key.

`torch.Generator` keeps 32 bits of its seed on a CPU, and the state of a Mersenne twister can be solved for
from its outputs. Both would undo differential privacy: where a true gradient is known to be 0 (a category
that nobody has), the noise itself is published. A stream cipher gives nothing away and costs no more
(docs/decisions/0006-dp-bookkeeping.md).
"""

import secrets
from hashlib import sha256

import numpy as np

__all__ = ["KeyStream"]

_BLOCK = 16  # bytes of an AES block


class KeyStream:
    """A stream of random bytes; with a seed the same ones each time, without one the operating system's.

    Args:
        seed: asked for by a person who wants the run again; whoever knows it can subtract the noise.
        purpose: what the stream is for: streams of one seed with different purposes are unrelated.
    """

    def __init__(self, seed: int | None, purpose: str):
        self.secret = seed is None
        self._key = (
            secrets.token_bytes(16) if seed is None else sha256(f"{purpose}\x1f{seed}".encode()).digest()[:16]
        )
        self._blocks = 0

    def words(self, count: int, dtype: type[np.integer] = np.int32) -> np.ndarray:
        """The next `count` random integers, `(count,)`, read-only."""
        size = count * np.dtype(dtype).itemsize
        return np.frombuffer(self._take(size), dtype=dtype, count=count)

    def number(self, purpose: str) -> int:
        """A number in [0, 2**63) that follows from the key, whatever the position; the key not from it."""
        return int.from_bytes(sha256(purpose.encode() + b"\x1f" + self._key).digest()[:8], "big") >> 1

    def state(self) -> dict[str, str | int]:
        """Key and position: as secret as the noise, so for a private checkpoint alone."""
        return {"key": self._key.hex(), "blocks": self._blocks}

    def restore(self, state: dict[str, str | int]) -> None:
        """Go on where another stream stood."""
        self._key, self._blocks = bytes.fromhex(str(state["key"])), int(state["blocks"])

    def at(self, position: int) -> "KeyStream":
        """The stream under the same key that starts 2**64 blocks times `position` further on."""
        other = KeyStream.__new__(KeyStream)
        other.secret, other._key, other._blocks = self.secret, self._key, position << 64
        return other

    def _take(self, size: int) -> bytes:
        # Imported late: only private runs need it.
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        counter = modes.CTR(self._blocks.to_bytes(_BLOCK, "big"))
        blocks = -(-size // _BLOCK)
        self._blocks += blocks
        return Cipher(algorithms.AES(self._key), counter).encryptor().update(bytes(blocks * _BLOCK))
