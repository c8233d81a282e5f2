"""Opens a backup again: into a file that pg_restore reads, or into a database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.db.backends.base.base import BaseDatabaseWrapper

from hub.neon.backups.sealed_file import unsealed
from hub.neon.backups.taking import LENGTH_BYTES
from hub.neon.errors import BackupBroken
from hub.neon.programs import environment_of, major_version, program, running

LONGEST_MANIFEST = 1024 * 1024
RESTORE = ("--no-owner", "--no-privileges", "--exit-on-error", "--format=custom")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a restored database is compared with."""

    taken_at: str
    lsn: str
    schema_hash: str
    counts: Mapping[str, int]
    version: int = 1


def opened(source: BinaryIO) -> tuple[Manifest, Iterator[bytes]]:
    """What the backup says of itself, and the archive for pg_restore. Raises BackupBroken, also in the middle."""
    pieces = unsealed(source)
    first = next(pieces)
    length = int.from_bytes(first[:LENGTH_BYTES], "big")
    while len(first) < LENGTH_BYTES + min(length, LONGEST_MANIFEST) and (piece := next(pieces, b"")):
        first += piece
    manifest = _manifest(first[LENGTH_BYTES : LENGTH_BYTES + length])
    return manifest, _after(first[LENGTH_BYTES + length :], pieces)


def _manifest(text: bytes) -> Manifest:
    try:
        return Manifest(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise BackupBroken("The backup opens, but this release does not know what is in it.") from error


def _after(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def restore_into(wrapper: BaseDatabaseWrapper, archive: Iterator[bytes]) -> None:
    """Restores into the empty database that `wrapper` leads to. Raises OperationFailed with pg_restore's reason."""
    env = environment_of(wrapper)
    argv: list[str | Path] = [
        program("pg_restore", server=major_version(wrapper)),
        *RESTORE,
        f"--dbname={env['PGDATABASE']}",
    ]
    with running(argv, env=env, stdin=-1) as process:
        assert process.stdin is not None
        # One that ends early says why on its own.
        with suppress(BrokenPipeError):
            for piece in archive:
                process.stdin.write(piece)
            process.stdin.close()
        process.wait()
