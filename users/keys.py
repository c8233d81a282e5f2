"""The text of an API key: how it is made, taken apart and hashed."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass, field
from hmac import compare_digest

from hub.common.keyring import DIGEST_BYTES, PEPPERS, Key, key_ring, keyed_hash

PREFIX_CHARACTERS = 12
SECRET_BYTES = 32
HASH_PURPOSE = "api_keys.secret_hash"

_PREFIX_ALPHABET = string.ascii_lowercase + string.digits
_FORM = re.compile(r"hub_(?P<prefix>[a-z0-9]{12})_(?P<secret>[A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class KeyText:
    """`hub_<12 characters>_<43 characters>`; the first part is visible, the second is secret and not in the repr."""

    prefix: str
    secret: str = field(repr=False)

    @classmethod
    def make(cls, prefix: str | None = None) -> KeyText:
        """A new one: 62 bits to tell keys apart (or the prefix of a key that there is), 256 bits of secret."""
        made = "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(PREFIX_CHARACTERS))
        return cls(prefix or made, secrets.token_urlsafe(SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> KeyText | None:
        """What the client sent, or None when it does not have the form."""
        found = _FORM.fullmatch(text)
        return found and cls(found["prefix"], found["secret"])

    @property
    def text(self) -> str:
        """The whole key: shown once, never stored."""
        return f"hub_{self.prefix}_{self.secret}"

    def hashed(self) -> tuple[str, bytes]:
        """The kid of the pepper that writes, and the hash of the whole text under it: it fits its own row alone."""
        pepper = key_ring(PEPPERS).first
        return pepper.kid, self._hash(pepper)

    def matches(self, pepper_kid: str, secret_hash: bytes) -> bool:
        """Whether the hash is this key's, in constant time; raises UnknownKey when the pepper is not in the ring."""
        return compare_digest(self._hash(key_ring(PEPPERS).find(pepper_kid)), secret_hash)

    def _hash(self, pepper: Key) -> bytes:
        return keyed_hash(self.text, key=pepper, purpose=HASH_PURPOSE)


def no_hash() -> tuple[str, bytes]:
    """What to compare with when there is no such key: a kid that is there and a hash that nothing has."""
    return key_ring(PEPPERS).first.kid, bytes(DIGEST_BYTES)
