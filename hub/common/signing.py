"""Signatures that anybody can check who has the public key: Ed25519, with keys of a ring like all others.

No key is used as it stands: every purpose has its own pair, derived from the ring's secret with HKDF-SHA256.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.common.keyring import KEY_BYTES, LONGEST_KID, SIGNING, Key, derived_key, key_ring


def sign(message: bytes, *, purpose: str) -> bytes:
    """64 bytes under the ring's first key."""
    return _private(key_ring(SIGNING).first, purpose).sign(message)


def signing_kid() -> str:
    """The name of the key that signs."""
    return key_ring(SIGNING).first.kid


def public_keys(*, purpose: str) -> dict[str, bytes]:
    """The public half (32 bytes) of every key of the ring, by its name, the signing one first."""
    return {key.kid: _private(key, purpose).public_key().public_bytes_raw() for key in key_ring(SIGNING).keys}


def is_signed(message: bytes, signature: bytes, *, public_key: bytes) -> bool:
    """Whether the owner of that public key signed the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def written(kid: str, public_key: bytes) -> str:
    """`kid:base64url`, the form in which a public key is handed on."""
    return f"{kid}:{base64.urlsafe_b64encode(public_key).decode().rstrip('=')}"


def read_public_keys(entries: list[str]) -> Mapping[str, bytes]:
    """What `written` wrote, by name; raises ValueError with what to do."""
    return dict(_read_public_key(entry) for entry in entries)


def _read_public_key(entry: str) -> tuple[str, bytes]:
    kid, _, encoded = entry.partition(":")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 0 < len(kid) <= LONGEST_KID or len(key) != KEY_BYTES:
        raise ValueError(f"{entry!r} is no public key: it must be kid:base64url of {KEY_BYTES} bytes.")
    return kid, key


def _private(key: Key, purpose: str) -> Ed25519PrivateKey:
    return _pair(key.secret, purpose)


@lru_cache(maxsize=32)
def _pair(secret: bytes, purpose: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(derived_key(secret, f"sign:{purpose}"))
