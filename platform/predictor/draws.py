"""Chance that anybody can repeat: a number in [0, 1) for each row, drawn from what the row says.

A randomised decision that is drawn anew each time can't be verified, and a person who is refused could ask
again until the answer is yes. Drawn from a keyed hash of the row's features it is the same whenever, wherever
and in whatever order the row is asked about.

Three consequences. Two people with exactly the same features get the same draw. A person who changes any
feature gets a new one, as under any randomised rule. And whoever knows the salt can compute the draw: it is
part of the model, and is to be kept as the model is.
"""

import math
from hashlib import blake2b

import numpy as np

_UNIT = 2.0**-53
"""A float64 holds 53 bits, so 53 of the hash are used: the draw is never rounded up to 1."""


def draw(features: tuple[np.ndarray, ...], *, salt: str, purpose: str) -> np.ndarray:
    """Uniform numbers, a function of each row's content, the salt and the purpose.

    Args:
        features: arrays `(rows, …)` of float64, NaN where missing, or of int64: what `Preprocessor.raw`
            gives.
        salt: of the model; at most 64 bytes.
        purpose: what the draw decides; at most 16 bytes. Draws for two purposes are unrelated.

    Returns:
        `(rows,)` float64 in [0, 1).
    """
    parts = [_bytes(part) for part in features]
    content = np.concatenate(parts, axis=1) if parts else np.empty((0, 0), np.uint8)
    key, person = salt.encode(), purpose.encode()
    hashed = b"".join(
        blake2b(row.tobytes(), digest_size=8, key=key, person=person).digest() for row in content
    )
    return (np.frombuffer(hashed, dtype="<u8") >> np.uint64(11)) * _UNIT


def _bytes(part: np.ndarray) -> np.ndarray:
    """`(rows, bytes)` uint8; one zero and one NaN, whatever the file wrote, the same on every machine."""
    if part.dtype.kind == "f":
        part = np.where(np.isnan(part), np.nan, part + 0.0).astype("<f8")
    else:
        part = part.astype("<i8")
    width = part.itemsize * math.prod(part.shape[1:])
    return np.frombuffer(part.tobytes(), dtype=np.uint8).reshape(len(part), width)
