"""Bytes into storage and out of it; the rows that point to them."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, BinaryIO, Self
from uuid import UUID

from media import stores
from media.models import Media
from media.probe import Properties, probe
from media.sniffing import EXTENSIONS

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that lies in storage and has no row yet."""

    key: str
    mime_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    duration_seconds: str | None
    # Journals written before there was a choice name none.
    storage: str = "file"

    def as_json(self) -> dict[str, Any]:
        """For a journal; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**data)


def store_file(*, folder: str, name: str, source: BinaryIO, mime_type: str) -> StoredFile:
    """Copies `source` (seekable) piece by piece to `folder/name.ext` in storage, replacing what a broken run left.

    The key is made here from ids alone: nothing that a user or a provider says becomes part of a path.
    """
    key = f"{folder}/{name}.{EXTENSIONS.get(mime_type, 'bin')}"
    properties = probe(source, mime_type=mime_type)
    digest = digest_of(source)
    return keep_file(key=key, source=source, mime_type=mime_type, properties=properties, digest=digest)


@dataclass(frozen=True, slots=True)
class Digest:
    """What tells one file from another."""

    sha256: str
    bytes: int


def keep_file(
    *, key: str, source: BinaryIO, mime_type: str, properties: Properties, digest: Digest, storage: str | None = None
) -> StoredFile:
    """Copies `source` to `key` in that storage, the one for new files unless named. Raises ServiceUnavailable."""
    storage = storage or stores.current()
    saved = stores.put(storage, key, source)
    return StoredFile(
        key=saved,
        storage=storage,
        mime_type=mime_type,
        bytes=digest.bytes,
        sha256=digest.sha256,
        width=properties.width,
        height=properties.height,
        duration_seconds=None if properties.duration_seconds is None else str(properties.duration_seconds),
    )


def digest_of(source: BinaryIO) -> Digest:
    """Reads `source` (seekable, left at its start) piece by piece."""
    source.seek(0)
    digest = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    source.seek(0)
    return Digest(digest.hexdigest(), size)


def record_file(*, owner_id: UUID, reference: UUID | None, position: int, stored: StoredFile, **facts: Any) -> Media:
    """The row that points to `stored`; runs inside the caller's transaction. Without `reference` it is an upload."""
    return Media.objects.create(
        owner_id=owner_id,
        reference=reference,
        position=position,
        kind=stored.mime_type.partition("/")[0],
        mime_type=stored.mime_type,
        bytes=stored.bytes,
        sha256=stored.sha256,
        width=stored.width,
        height=stored.height,
        duration_seconds=None if stored.duration_seconds is None else Decimal(stored.duration_seconds),
        storage=stored.storage,
        key=stored.key,
        **facts,
    )


def discard_files(*, folder: str, prefix: str) -> int:
    """Deletes the files in `folder` whose names begin so and that no row points to; returns how many. A second run
    finds nothing."""
    storage = stores.current()
    keys = {key for key in stores.listed(storage, folder) if key.startswith(f"{folder}/{prefix}")}
    kept = set(Media.objects.filter(key__in=keys).values_list("key", flat=True))
    for key in keys - kept:
        stores.remove(storage, key)
    return len(keys - kept)
