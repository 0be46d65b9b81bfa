"""Keys that two clients agree on while the server carries their messages.

Langley et al., "Elliptic Curves for Security" (2016), RFC 7748; HKDF-SHA256 (RFC 5869) for keys from secrets.
Flower's key pairs lie on P-384, where agreeing takes twenty times as long; its sealing is used (Fernet:
AES-128 with HMAC-SHA256).
"""

import base64
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flwr.common.secure_aggregation.crypto.symmetric_encryption import decrypt, encrypt

from ...exceptions import AssayError

__all__ = ["KEY_BYTES", "PublicKeys", "agreed", "commitment", "opened", "public", "sealed", "self_key"]

#: Bytes of a public key and of an agreed one.
KEY_BYTES = 32


@dataclass(frozen=True)
class PublicKeys:
    """What a client shows of itself in a sum.

    Attributes:
        sealing: for what other clients send it by way of the server.
        masking: for the masks that cancel.
    """

    sealing: bytes
    masking: bytes


def public(secret: bytes) -> bytes:
    """The public key of a secret."""
    return _private(secret).public_key().public_bytes_raw()


def agreed(secret: bytes, other: bytes, purpose: str) -> bytes:
    """The key that only the owners of two secrets can compute.

    Args:
        secret: one's own.
        other: the other's public key.
        purpose: different ones give unrelated keys.

    Raises:
        AssayError: the other's key is none.
    """
    try:
        shared = _private(secret).exchange(X25519PublicKey.from_public_bytes(other))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AssayError("a public key of another client is none") from error
    return _derived(shared, purpose)


def self_key(secret: bytes) -> bytes:
    """The key of a client's mask of its own."""
    return _derived(secret, "self mask")


def commitment(secret: bytes) -> bytes:
    """What a secret is held against when it is made again from shares; it can't be found from it."""
    digest = Hash(SHA256())
    digest.update(b"assay secure sum" + secret)
    return digest.finalize()


def sealed(key: bytes, text: bytes) -> bytes:
    """A text that only the owners of a key can read, or write."""
    return encrypt(base64.urlsafe_b64encode(key), text)


def opened(key: bytes, token: bytes) -> bytes:
    """The text.

    Raises:
        AssayError: it wasn't sealed with that key, or was changed since.
    """
    try:
        return decrypt(base64.urlsafe_b64encode(key), token)
    except InvalidToken as error:
        raise AssayError("what another client sealed can't be opened") from error


def _private(secret: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(_derived(secret, "private key"))


def _derived(secret: bytes, purpose: str) -> bytes:
    """32 bytes of a secret, for one purpose."""
    told = f"assay secure sum: {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=told).derive(secret)
