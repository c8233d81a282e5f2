"""The format of a backup at rest: AES-256-GCM in pieces, written and read in constant memory.

    "HUBBACKUP" | version 01 | length of the kid | kid | salt, 32 bytes | pieces

Each piece is 1 MiB of plain text (the last one less) under the nonce `number, 11 bytes | 01 for the last one, else 00`,
with the header as associated data. So no piece can be changed, moved, left out or taken from another backup, and one
that is cut short has no last piece. Every file has a key of its own, derived from the ring's by its salt.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.common.keyring import KEY_BYTES, TAG_BYTES, UnknownKey, key_ring
from hub.neon.errors import BackupBroken

RING = "BACKUP_KEYS"
MAGIC = b"HUBBACKUP\x01"
SALT_BYTES = 32
PIECE_BYTES = 1024 * 1024


class SealingWriter:
    """Seals what is written to it into `target` under the first key of BACKUP_KEYS; whole only after `finish`.

    `bytes` and `sha256` are of what was stored.
    """

    def __init__(self, target: BinaryIO) -> None:
        key = key_ring(RING).first
        self._target, self._buffer, self._number = target, bytearray(), 0
        self._header = MAGIC + bytes((len(key.kid),)) + key.kid.encode() + os.urandom(SALT_BYTES)
        self._cipher = _cipher(key.secret, self._header)
        self._digest, self.bytes = sha256(), 0
        self._store(self._header)

    @property
    def sha256(self) -> str:
        """In hex."""
        return self._digest.hexdigest()

    def write(self, plain: bytes) -> None:
        """Raises OSError when the disk is full."""
        self._buffer += plain
        # A full buffer may be the last piece, which is sealed as such: it waits for the next byte.
        while len(self._buffer) > PIECE_BYTES:
            self._seal(bytes(self._buffer[:PIECE_BYTES]), is_last=False)
            del self._buffer[:PIECE_BYTES]

    def finish(self) -> None:
        """Writes the last piece, and all of it to the disk."""
        self._seal(bytes(self._buffer), is_last=True)
        self._target.flush()
        os.fsync(self._target.fileno())

    def _seal(self, piece: bytes, *, is_last: bool) -> None:
        self._store(self._cipher.encrypt(_nonce(self._number, is_last), piece, self._header))
        self._number += 1

    def _store(self, sealed: bytes) -> None:
        self._target.write(sealed)
        self._digest.update(sealed)
        self.bytes += len(sealed)


def unsealed(source: BinaryIO) -> Iterator[bytes]:
    """The plain pieces of a sealed backup. Raises BackupBroken, also in the middle: what came before was not whole."""
    header, secret = _read_header(source)
    cipher, number = _cipher(secret, header), 0
    piece = source.read(PIECE_BYTES + TAG_BYTES)
    while True:
        following = source.read(PIECE_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(number, not following), piece, header)
        except InvalidTag:
            raise BackupBroken(
                f"The backup does not open at piece {number + 1}: it was changed or cut short, or another key has "
                f"the name {_kid_of(header)!r} in {RING} now. Take an older one, or another copy of it."
            ) from None
        if not following:
            return
        piece, number = following, number + 1


def _read_header(source: BinaryIO) -> tuple[bytes, bytes]:
    start = source.read(len(MAGIC) + 1)
    if len(start) != len(MAGIC) + 1 or not start.startswith(MAGIC):
        raise BackupBroken("This is no backup of the hub, or one of a format that this release does not read.")
    rest = source.read(start[-1] + SALT_BYTES)
    if len(rest) != start[-1] + SALT_BYTES:
        raise BackupBroken("The backup is cut short: nothing of it can be read.")
    header = start + rest
    try:
        return header, key_ring(RING).find(_kid_of(header)).secret
    except UnknownKey as error:
        raise BackupBroken(str(error)) from error


def _kid_of(header: bytes) -> str:
    return header[len(MAGIC) + 1 : -SALT_BYTES].decode("ascii", "replace")


def _cipher(secret: bytes, header: bytes) -> AESGCM:
    salt = header[-SALT_BYTES:]
    return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=b"hub:backup").derive(secret))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((is_last,))
