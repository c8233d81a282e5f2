"""Bytes into storage and out of it; the rows that point to them."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, BinaryIO, Self
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage

from media.models import Media
from media.probe import probe

CHUNK_BYTES = 1024 * 1024
STORAGE = "default"
EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
}


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
    sha256, size = _digest(source)
    default_storage.delete(key)
    saved = default_storage.save(key, File(source))
    return StoredFile(
        key=saved,
        mime_type=mime_type,
        bytes=size,
        sha256=sha256,
        width=properties.width,
        height=properties.height,
        duration_seconds=None if properties.duration_seconds is None else str(properties.duration_seconds),
    )


def _digest(source: BinaryIO) -> tuple[str, int]:
    source.seek(0)
    digest = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    source.seek(0)
    return digest.hexdigest(), size


def record_file(*, owner_id: UUID, reference: UUID, position: int, stored: StoredFile) -> Media:
    """The row that points to `stored`; runs inside the caller's transaction."""
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
        storage=STORAGE,
        key=stored.key,
    )


def discard_folder(*, folder: str) -> int:
    """Deletes every file under `folder` that no row points to; returns how many. A second run finds nothing."""
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    keys = {f"{folder}/{name}" for name in names}
    kept = set(Media.objects.filter(key__in=keys).values_list("key", flat=True))
    for key in keys - kept:
        default_storage.delete(key)
    return len(keys - kept)
