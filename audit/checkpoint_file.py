"""The file of a checkpoint, and its check without the database (docs/AUDIT.md): JSON Lines, signed at the end.

A first line says what it is; then every seal, each followed by its entries when the file has them, in the very bytes
that were hashed; the last line signs the SHA-256 of all lines before it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO

from audit.encoding import canonical
from audit.errors import CheckpointAltered, CheckpointMalformed, CheckpointOfAnotherHub, SigningKeyUnknown
from audit.merkle import leaf_hash, root_of, seal_hash
from hub.common.signing import is_signed, public_keys, sign, signing_kid

FORMAT = "hub-audit-checkpoint"
VERSION = 1
PURPOSE = "audit.checkpoint"
LONGEST_LINE = 16 * 1024 * 1024
MOST_LEAVES = 1_000_000
_SIGNED = b"hub-audit-checkpoint-1\n"
_FIRST_LINE = {
    **{"format": str, "version": int, "trail": str, "first": int, "last": int, "entries": bool},
    **{"made_at": str, "kid": str, "public_key": str},
}
_SEAL = {"number": int, "previous": str, "root": str, "count": int, "trail": str, "sealed_at": str}
_LAST_LINE = {"sha256": str, "signature": str}

OnSeal = Callable[[dict[str, Any], bytes], None]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file that was checked says. `last_hash` stands for the whole trail up to the seal `last`."""

    trail: str
    first: int
    last: int
    count: int
    entries: bool
    made_at: str
    sealed_at: str
    kid: str
    last_hash: bytes


class Writer:
    """Writes lines and signs them at the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest = file, sha256()

    def line(self, content: bytes) -> None:
        """One line, without its end."""
        whole = content + b"\n"
        self._digest.update(whole)
        self._file.write(whole)

    def first_line(self, *, trail: str, first: int, last: int, entries: bool, made_at: str) -> str:
        """Says what the file is; returns the name of the key that will sign."""
        kid = signing_kid()
        about = {"format": FORMAT, "version": VERSION, "trail": trail, "first": first, "last": last}
        key = public_keys(purpose=PURPOSE)[kid].hex()
        self.line(canonical(about | {"entries": entries, "made_at": made_at, "kid": kid, "public_key": key}))
        return kid

    def last_line(self) -> bytes:
        """The signature; returns the SHA-256 that it is over."""
        digest = self._digest.digest()
        signature = sign(_SIGNED + digest, purpose=PURPOSE)
        self._file.write(canonical({"sha256": digest.hex(), "signature": signature.hex()}) + b"\n")
        return digest


def read_checkpoint(
    file: BinaryIO, *, keys: Mapping[str, bytes], on_seal: OnSeal = lambda header, hash: None
) -> Checkpoint:
    """Checks every line; `keys` are public keys by name. Constant memory; `on_seal` is told each seal and its hash.

    Nothing that `on_seal` was told counts before this returns: the signature stands at the end. Raises
    CheckpointMalformed, SigningKeyUnknown, CheckpointOfAnotherHub and CheckpointAltered.
    """
    reader = _Reader(file)
    about = reader.first_line()
    key = _key_of(about, keys)
    seal: dict[str, Any] = {}
    count, previous = 0, None
    for number in range(about["first"], about["last"] + 1):
        seal, previous = _read_seal(reader, about, number, previous)
        on_seal(seal, previous)
        count += seal["count"]
    reader.last_line(key)
    facts = {name: about[name] for name in ("trail", "first", "last", "entries", "made_at", "kid")}
    return Checkpoint(**facts, count=count, sealed_at=seal["sealed_at"], last_hash=previous or b"")


def _key_of(about: dict[str, Any], keys: Mapping[str, bytes]) -> bytes:
    kid = about["kid"]
    if kid not in keys:
        known = ", ".join(keys) or "none"
        raise SigningKeyUnknown(
            f"The checkpoint is signed with the key {kid!r}, which is not known (known: {known}). Add that key to "
            f"AUDIT_SIGNING_KEYS behind the first one, or give its public key: --public-key {kid}:..."
        )
    if about["public_key"] != keys[kid].hex():
        raise CheckpointOfAnotherHub(
            f"The checkpoint was signed with another key that is also called {kid!r}: it was made by another hub. "
            "Check it there, or give that hub's public key with --public-key."
        )
    return keys[kid]


def _read_seal(
    reader: _Reader, about: dict[str, Any], number: int, previous: bytes | None
) -> tuple[dict[str, Any], bytes]:
    raw = reader.line()
    seal = reader.parsed(raw, _SEAL)
    if seal["number"] != number or seal["trail"] != about["trail"]:
        raise reader.altered(f"seal {number} was expected")
    before = "00" * 32 if number == 1 else seal["previous"] if previous is None else previous.hex()
    if seal["previous"] != before:
        raise reader.altered(f"seal {number} does not follow from the one before")
    if about["entries"]:
        _read_entries(reader, seal)
    return seal, seal_hash(raw)


def _read_entries(reader: _Reader, seal: dict[str, Any]) -> None:
    if not 0 < seal["count"] <= MOST_LEAVES:
        raise reader.altered(f"seal {seal['number']} cannot have {seal['count']} entries")
    leaves = [leaf_hash(reader.line()) for _ in range(seal["count"])]
    if root_of(leaves).hex() != seal["root"]:
        raise reader.altered(f"the entries of seal {seal['number']} do not give its root")


class _Reader:
    """The lines of a file, with their number for whoever must say where it is wrong."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest, self._number = file, sha256(), 0

    def first_line(self) -> dict[str, Any]:
        """Raises CheckpointMalformed unless it begins like one of ours, of a version that this release reads."""
        about = self._object(self.line(), _FIRST_LINE)
        if about is None or about["format"] != FORMAT:
            raise CheckpointMalformed
        if about["version"] != VERSION:
            raise CheckpointMalformed(
                f"The checkpoint is of version {about['version']}; this release reads version {VERSION}. Check it with "
                "the release that wrote it."
            )
        if not 1 <= about["first"] <= about["last"]:
            raise CheckpointMalformed
        return about

    def line(self) -> bytes:
        """The next one without its end, counted into the hash."""
        whole = self._file.readline(LONGEST_LINE)
        self._number += 1
        if not whole.endswith(b"\n"):
            if self._number == 1:
                raise CheckpointMalformed
            raise self.altered("the file ends in the middle")
        self._digest.update(whole)
        return whole[:-1]

    def parsed(self, raw: bytes, shape: Mapping[str, type]) -> dict[str, Any]:
        """The object of a line; raises CheckpointAltered when it has not that shape."""
        found = self._object(raw, shape)
        if found is None:
            raise self.altered("it is not what stands there in a checkpoint")
        return found

    def last_line(self, key: bytes) -> None:
        """Checks the signature, and that nothing follows."""
        digest = self._digest.digest()
        last = self.parsed(self.line(), _LAST_LINE)
        signature = bytes.fromhex(last["signature"]) if _is_hex(last["signature"]) else b""
        if last["sha256"] != digest.hex() or not is_signed(_SIGNED + digest, signature, public_key=key):
            raise self.altered("the signature is not over these lines")
        if self._file.read(1):
            self._number += 1
            raise self.altered("something stands behind the signature")

    def altered(self, what: str) -> CheckpointAltered:
        """To be raised, with the number of the line."""
        return CheckpointAltered(
            f"Line {self._number}: {what}. The checkpoint is not what was signed: fetch it again from where it is kept."
        )

    @staticmethod
    def _object(raw: bytes, shape: Mapping[str, type]) -> dict[str, Any] | None:
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            return None
        is_whole = isinstance(found, dict) and all(type(found.get(name)) is kind for name, kind in shape.items())
        is_small = is_whole and all(abs(v) < sys.maxsize for v in found.values() if type(v) is int)
        return found if is_small else None


def _is_hex(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) % 2 == 0 and not set(text.lower()) - set("0123456789abcdef")
