"""A client's part in one secure sum: four steps, each taken once, and what it refuses.

Bell et al. (2020), algorithm 2, https://eprint.iacr.org/2020/704. Everything secret is drawn from the
operating system, for this sum alone.
"""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...exceptions import AssayError
from .keys import PublicKeys, agreed, commitment, opened, public, sealed, self_key
from .masks import mask, wrapped
from .shares import SECRET_BYTES, SHARE_BYTES, split

__all__ = ["MASKING", "SEALING", "Member"]

#: What keys that two clients agree on are for.
SEALING, MASKING = "sealing", "masking"

_STEPS = ("keys", "shares", "vector", "unmask", "done")


@dataclass(kw_only=True)
class Member:
    """What a client keeps between the steps of a sum.

    Attributes:
        number: the client's.
        session: the sum's, higher than of all before.
        step: that is taken next.
        sealing: secret for what other clients send.
        masking: secret for the masks that cancel.
        own: secret of the mask of its own.
        threshold: shares that give a secret back.
        peers: public keys of its neighbours.
        held: of each neighbour, the shares of its `own` and of its `masking`.
    """

    number: int
    session: int
    step: str = _STEPS[0]
    sealing: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES))
    masking: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES))
    own: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES))
    threshold: int = 0
    peers: dict[int, PublicKeys] = field(default_factory=dict)
    held: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether no step is left."""
        return self.step == _STEPS[-1]

    def keys(self) -> PublicKeys:
        """Step 1: show public keys."""
        self._take("keys")
        return PublicKeys(public(self.sealing), public(self.masking))

    def share(self, peers: Mapping[int, PublicKeys], threshold: int) -> tuple[dict[int, bytes], bytes]:
        """Step 2: share both secrets among neighbours.

        Args:
            peers: their public keys.
            threshold: shares that give a secret back.

        Returns:
            For each of them its shares, sealed, and what the mask of its own is held against.

        Raises:
            AssayError: keys repeat, or so few could unmask it that the server might ask both ways.
        """
        self._take("shares")
        mine = PublicKeys(public(self.sealing), public(self.masking))
        shown = [key for keys in (mine, *peers.values()) for key in (keys.sealing, keys.masking)]
        if len(set(shown)) < len(shown) or self.number in peers:
            raise AssayError("refused: two of the clients show the same key")
        if not len(peers) / 2 < threshold <= len(peers) or len(peers) < 2:
            raise AssayError(f"refused: {threshold} of {len(peers)} neighbours could unmask this client")
        self.peers, self.threshold = dict(peers), threshold
        own, masking = (split(secret, threshold, peers) for secret in (self.own, self.masking))
        found = {
            peer: sealed(
                agreed(self.sealing, keys.sealing, SEALING),
                self._label(self.number, peer) + own[peer] + masking[peer],
            )
            for peer, keys in peers.items()
        }
        return found, commitment(self.own)

    def hide(
        self, received: Mapping[int, bytes], vector: NDArray[np.uint64], width: int
    ) -> NDArray[np.uint64]:
        """Step 3: open the neighbours' shares, and hide the vector behind all masks.

        Args:
            received: sealed shares of the neighbours that are still there.
            vector: to be summed.
            width: bytes of each of its integers.

        Raises:
            AssayError: too few neighbours are left, or what one sealed isn't for this client and sum.
        """
        self._take("vector")
        if len(received) < self.threshold or not received.keys() <= self.peers.keys():
            raise AssayError(f"refused: {len(received)} neighbours are left, {self.threshold} are needed")
        self.held = {peer: self._shares(peer, token) for peer, token in received.items()}
        hidden = vector + mask(self_key(self.own), len(vector))
        for peer in self.held:
            key = agreed(self.masking, self.peers[peer].masking, MASKING)
            other = mask(key, len(vector))
            hidden = hidden + other if self.number > peer else hidden - other
        return wrapped(hidden, width)

    def reveal(self, survivors: Sequence[int], dropped: Sequence[int]) -> tuple[list[bytes], list[bytes]]:
        """Step 4: give shares to unmask by; of each neighbour one or the other, never both.

        Args:
            survivors: neighbours whose vectors are in the sum: the share of their own mask is given.
            dropped: neighbours whose vectors aren't: the share of the secret behind their other masks is.

        Raises:
            AssayError: a neighbour is asked for both ways or not at all, or too few survived.
        """
        self._take("unmask")
        told = [*survivors, *dropped]
        if sorted(told) != sorted(self.held) or len(survivors) < self.threshold:
            raise AssayError(
                "refused: the server may ask for each neighbour's shares once, one way or the other"
            )
        return [self.held[peer][0] for peer in survivors], [self.held[peer][1] for peer in dropped]

    def to_json(self) -> str:
        """As the client keeps it."""
        return json.dumps(asdict(self), default=lambda data: base64.b64encode(data).decode())

    @classmethod
    def from_json(cls, text: str) -> "Member":
        """As it was kept."""
        told, data = json.loads(text), base64.b64decode
        for name in ("sealing", "masking", "own"):
            told[name] = data(told[name])
        told["peers"] = {
            int(peer): PublicKeys(data(keys["sealing"]), data(keys["masking"]))
            for peer, keys in told["peers"].items()
        }
        told["held"] = {int(peer): (data(own), data(other)) for peer, (own, other) in told["held"].items()}
        return cls(**told)

    def _take(self, step: str) -> None:
        """Go on to the next step, which was to be this one.

        Raises:
            AssayError: it wasn't: a step is taken once, in order.
        """
        if step != self.step:
            raise AssayError(f"refused: step {step} of sum {self.session}, where {self.step} comes next")
        self.step = _STEPS[_STEPS.index(step) + 1]

    def _label(self, sender: int, receiver: int) -> bytes:
        """What shares are sealed with, so that they can't be passed off as others."""
        return b"".join(number.to_bytes(8, "big") for number in (self.session, sender, receiver))

    def _shares(self, peer: int, token: bytes) -> tuple[bytes, bytes]:
        text = opened(agreed(self.sealing, self.peers[peer].sealing, SEALING), token)
        label = self._label(peer, self.number)
        if not text.startswith(label) or len(text) != len(label) + 2 * SHARE_BYTES:
            raise AssayError("refused: shares that were sealed for another client or sum")
        return text[len(label) : -SHARE_BYTES], text[-SHARE_BYTES:]
