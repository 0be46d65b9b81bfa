"""The server's part in one secure sum: add what came, and take off the masks that don't cancel.

Bell et al. (2020), algorithm 2, last step, https://eprint.iacr.org/2020/704.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...exceptions import AssayError
from .keys import PublicKeys, agreed, commitment, public, self_key
from .masks import mask, wrapped
from .member import MASKING
from .shares import SECRET_BYTES, combine

__all__ = ["Tally"]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What the server knows of a sum when shares have come.

    Attributes:
        keys: public keys by client.
        commitments: of each client that shared its secrets, what that of its own mask is held against.
        graph: neighbours of each client.
        threshold: shares that give a secret back.
        width: bytes of an integer.
    """

    keys: Mapping[int, PublicKeys]
    commitments: Mapping[int, bytes]
    graph: Mapping[int, Sequence[int]]
    threshold: int
    width: int

    def unmask(
        self,
        hidden: Mapping[int, NDArray[np.uint64]],
        own: Mapping[int, Mapping[int, bytes]],
        masking: Mapping[int, Mapping[int, bytes]],
    ) -> NDArray[np.uint64]:
        """The sum of the vectors that came.

        Args:
            hidden: by client, the vectors that came, all `(length,)`.
            own: of each of those clients, shares of the secret of its own mask, by holder.
            masking: of each client whose vector didn't come, shares of the secret of its other masks.

        Returns:
            `(length,)`, modulo 2^(8 width).

        Raises:
            AssayError: there are too few shares of one, or they are wrong.
        """
        length = len(next(iter(hidden.values())))
        total = np.zeros(length, dtype=np.uint64)
        for client, vector in hidden.items():
            secret = self._secret(client, own.get(client, {}))
            if commitment(secret) != self.commitments[client]:
                raise AssayError(_WRONG.format(client))
            total += vector - mask(self_key(secret), length)
        for client in self.commitments.keys() - hidden.keys():
            secret = self._secret(client, masking.get(client, {}))
            if public(secret) != self.keys[client].masking:
                raise AssayError(_WRONG.format(client))
            for peer in set(self.graph[client]) & hidden.keys():
                other = mask(agreed(secret, self.keys[peer].masking, MASKING), length)
                # The neighbour added it where its number is the higher.
                total += np.negative(other) if peer > client else other
        return wrapped(total, self.width)

    def _secret(self, client: int, shares: Mapping[int, bytes]) -> bytes:
        """A client's secret from its shares."""
        if len(shares) < self.threshold:
            raise AssayError(
                f"{len(shares)} of client {client}'s neighbours are left to unmask the sum, "
                f"{self.threshold} are needed"
            )
        enough = dict(sorted(shares.items())[: self.threshold])
        value = combine(enough)
        if value >= 2 ** (8 * SECRET_BYTES):
            raise AssayError(_WRONG.format(client))
        return value.to_bytes(SECRET_BYTES, "big")


_WRONG = "the shares of client {}'s secret don't make it: a neighbour gave a wrong one"
