"""Masks: streams of AES-256 in counter mode, as 64-bit integers; vectors travel modulo 2^(8 width).

Flower's own generator of masks seeds numpy's with 32 bits of a key, which can be tried out; here a mask is as
hard to guess as its key.
"""

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

__all__ = ["mask", "packed", "unpacked", "wrapped"]

_WORD = 8  # bytes of the integers that sums are computed in


def mask(key: bytes, length: int) -> NDArray[np.uint64]:
    """The mask of a key, which must make one mask only.

    Args:
        key: 32 bytes.
        length: integers.

    Returns:
        `(length,)`, uniform below 2^64, and so below every smaller power of two.
    """
    stream = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor()
    return np.frombuffer(stream.update(bytes(length * _WORD)), dtype="<u8")


def packed(vector: NDArray[np.uint64], width: int) -> NDArray[np.uint8]:
    """A vector as it travels: `(length * width,)` bytes, the least of each number first."""
    words = np.ascontiguousarray(vector, dtype="<u8").view(np.uint8).reshape(-1, _WORD)
    return np.ascontiguousarray(words[:, :width]).reshape(-1)


def unpacked(data: NDArray[np.uint8], width: int) -> NDArray[np.uint64]:
    """The vector that travelled so: `(length,)`."""
    words = np.zeros((len(data) // width, _WORD), dtype=np.uint8)
    words[:, :width] = data.reshape(-1, width)
    return words.view("<u8").reshape(-1)


def wrapped(vector: NDArray[np.uint64], width: int) -> NDArray[np.uint64]:
    """A vector modulo 2^(8 width); 64-bit sums wrap by themselves, and narrower ones by this."""
    return vector & np.uint64(2 ** (8 * width) - 1)
