"""Keys: the rings they come in, what is sealed with them, and the keyed hashes that stand in for what is sealed.

A ring is a setting of `kid:base64url` entries of 32 bytes: the first writes, all read. No key is used as it stands:
every purpose ("users.email") has its own, derived with HKDF-SHA256, and what was made for one is useless for another.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from hmac import digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

ENCRYPTION = "FIELD_ENCRYPTION_KEYS"
INDEX = "FIELD_INDEX_KEYS"
PEPPERS = "API_KEY_PEPPERS"
SIGNING = "AUDIT_SIGNING_KEYS"

KEY_BYTES = 32
DIGEST_BYTES = 32
LONGEST_KID = 32
NONCE_BYTES = 12
TAG_BYTES = 16
# The first byte of every sealed value: a later format takes the next number, and both can be read.
VERSION = 1


class KeyringError(Exception):
    """A stored value and the keys at hand do not fit: an operator must act. The stored bytes are never handed out."""


class UnknownKey(KeyringError):
    """The value names a key that is not in the ring."""

    def __init__(self, kid: str, ring: str) -> None:
        self.kid, self.ring = kid, ring
        super().__init__(f"The key {kid!r} is not in {ring}; a stored value needs it: add it behind the first one.")

    def __reduce__(self) -> tuple[type[UnknownKey], tuple[str, str]]:
        return type(self), (self.kid, self.ring)


class SealBroken(KeyringError):
    """The value does not open with the key it names: another key under that kid, another place, or a changed value."""

    def __init__(self, kid: str, purpose: str) -> None:
        self.kid, self.purpose = kid, purpose
        super().__init__(
            f"A value of {purpose} does not open with the key {kid!r}: "
            "the key is not the one that wrote it, or the value was changed or moved."
        )

    def __reduce__(self) -> tuple[type[SealBroken], tuple[str, str]]:
        return type(self), (self.kid, self.purpose)


class NotSealed(KeyringError):
    """What is stored is not a sealed value at all."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a ring; its bytes stay out of its repr."""

    kid: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one setting, in its order."""

    name: str
    keys: tuple[Key, ...]

    @property
    def first(self) -> Key:
        """The key that writes."""
        return self.keys[0]

    def find(self, kid: str) -> Key:
        """The key of that name; raises UnknownKey."""
        for key in self.keys:
            if key.kid == kid:
                return key
        raise UnknownKey(kid, self.name)


def key_ring(name: str) -> KeyRing:
    """The ring of the setting `name`, parsed once per process and value; raises ImproperlyConfigured."""
    return _parse_ring(name, tuple(getattr(settings, name)))


@lru_cache(maxsize=32)
def _parse_ring(name: str, entries: tuple[str, ...]) -> KeyRing:
    keys = tuple(_parse_key(name, entry) for entry in entries)
    if not keys:
        raise ImproperlyConfigured(f"{name} is empty: it needs at least one key.")
    kids = [key.kid for key in keys]
    if len(set(kids)) != len(kids):
        raise ImproperlyConfigured(f"{name} names a key twice: {', '.join(kids)}.")
    return KeyRing(name, keys)


def _parse_key(name: str, entry: str) -> Key:
    # The entry is a secret: a complaint names its kid alone.
    kid, _, encoded = entry.partition(":")
    if not (kid.isascii() and kid.isprintable() and 0 < len(kid) <= LONGEST_KID):
        raise ImproperlyConfigured(f"{name}: a key's name must be 1 to {LONGEST_KID} printable ASCII characters.")
    try:
        secret = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise ImproperlyConfigured(f"{name}: the key {kid!r} must be kid:base64url of exactly {KEY_BYTES} bytes.")
    return Key(kid, secret)


@lru_cache(maxsize=512)
def derived_key(secret: bytes, purpose: str) -> bytes:
    """The 32 bytes of that purpose: the secret of a ring's key is used for nothing else."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"hub:" + purpose.encode()).derive(secret)


@lru_cache(maxsize=512)
def _cipher(secret: bytes, purpose: str) -> AESGCM:
    return AESGCM(derived_key(secret, f"seal:{purpose}"))


def seal(plain: bytes, *, purpose: str) -> bytes:
    """`plain` under the first encryption key: version, length of the kid, kid, nonce, then AES-256-GCM text and tag.

    The header and the purpose are bound to it: nothing of it can be changed, and it opens for this purpose alone.
    """
    key = key_ring(ENCRYPTION).first
    header = sealed_prefix(key.kid)
    nonce = os.urandom(NONCE_BYTES)
    return header + nonce + _cipher(key.secret, purpose).encrypt(nonce, plain, header + purpose.encode())


def unseal(sealed: bytes, *, purpose: str) -> bytes:
    """What `seal` was given; raises NotSealed, UnknownKey or SealBroken, and never returns the stored bytes."""
    kid, body_at = _read_header(sealed, purpose)
    header, nonce, body = sealed[:body_at], sealed[body_at : body_at + NONCE_BYTES], sealed[body_at + NONCE_BYTES :]
    key = key_ring(ENCRYPTION).find(kid)
    try:
        return _cipher(key.secret, purpose).decrypt(nonce, body, header + purpose.encode())
    except InvalidTag:
        raise SealBroken(kid, purpose) from None


def reseal(sealed: bytes, *, purpose: str) -> bytes:
    """The same plain bytes under the first key; raises as `unseal` does."""
    return seal(unseal(sealed, purpose=purpose), purpose=purpose)


def sealed_prefix(kid: str) -> bytes:
    """How every value begins that the key of that name has sealed, and no other."""
    return bytes((VERSION, len(kid))) + kid.encode()


def sealed_with(sealed: bytes) -> str:
    """The kid of the key that sealed the value, for those who rewrite what old keys wrote; raises NotSealed."""
    return _read_header(sealed, "an unnamed place")[0]


def _read_header(sealed: bytes, purpose: str) -> tuple[str, int]:
    if len(sealed) < 2 or sealed[0] != VERSION:
        raise NotSealed(f"A value of {purpose} is not sealed in a format that this release reads.")
    body_at = 2 + sealed[1]
    kid = sealed[2:body_at]
    if not kid or not kid.isascii() or len(sealed) < body_at + NONCE_BYTES + TAG_BYTES:
        raise NotSealed(f"A value of {purpose} is cut short or was never sealed.")
    return kid.decode("ascii"), body_at


def keyed_hash(value: str, *, key: Key, purpose: str) -> bytes:
    """HMAC-SHA256 (32 bytes) of the value under the key derived for the purpose."""
    return digest(derived_key(key.secret, f"hash:{purpose}"), value.encode("utf-8", "surrogatepass"), sha256)


def blind_index(value: str, *, purpose: str) -> bytes:
    """What stands in for a sealed value where it must be unique or be found: its hash under the first index key.

    The value must be normalised: two spellings have two hashes.
    """
    return keyed_hash(value, key=key_ring(INDEX).first, purpose=purpose)


def blind_indexes(value: str, *, purpose: str) -> Sequence[bytes]:
    """The value's hash under every index key, the writing one first: look it up with `__in` while the keys rotate."""
    return [keyed_hash(value, key=key, purpose=purpose) for key in key_ring(INDEX).keys]


def next_index_key() -> Key:
    """The key of the second index column, FIELD_INDEX_NEXT; the first of the ring unless a rotation is under way."""
    ring = key_ring(INDEX)
    kid = settings.FIELD_INDEX_NEXT
    return ring.find(kid) if kid else ring.first


def index_pair(value: str, *, purpose: str) -> tuple[bytes, bytes]:
    """The value's hash under the first index key, and under the next one: what its two index columns hold."""
    return blind_index(value, purpose=purpose), keyed_hash(value, key=next_index_key(), purpose=purpose)
