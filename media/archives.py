"""The exports of accounts, in the storage of files: they go by the same sweep as everything that is to go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import BinaryIO, cast
from uuid import UUID

from django.utils import timezone

from hub.common.errors import NotFound
from media import removing, stores
from media.models import Removal

TYPE = "application/zip"


class StoredArchive:
    """hub.common.personal_data.Archive over `media.stores` and the notes of what is to go."""

    def reserve(self, key: str) -> str:
        """In the storage for new files; whatever is not kept within an hour goes."""
        return removing.reserve(stores.current(), key).storage

    def store(self, storage: str, key: str, source: BinaryIO) -> None:
        """Replaces what a broken run left. Raises ServiceUnavailable."""
        stores.put(storage, key, source)

    def keep(self, storage: str, key: str, *, until: datetime) -> bool:
        """False when the sweep was first."""
        return removing.put_off(storage, key, until=until)

    def drop(self, storage: str, key: str, *, erasure_id: UUID, is_whole: bool) -> None:
        """One that is being written keeps its hour: whoever writes it removes it, or is dead by then."""
        noted = Removal.objects.filter(key=key)
        noted.update(erasure_id=erasure_id)
        if is_whole:
            removing.put_off(storage, key, until=timezone.now())

    def discard(self, storage: str, key: str) -> None:
        """Whether or not there is a note of it."""
        noted = Removal.objects.filter(key=key).first()
        removing.carry_out(noted or removing.noted(storage, key, after=timedelta(0)))

    def open(self, storage: str, key: str) -> BinaryIO:
        """Raises NotFound and ServiceUnavailable."""
        return cast(BinaryIO, stores.opened(storage, key))

    def address(self, storage: str, key: str, *, file_name: str) -> str | None:
        """Only of an object store."""
        if not stores.is_remote(storage):
            return None
        return stores.signed_url(storage, key, mime_type=TYPE, disposition=f'attachment; filename="{file_name}"')

    def add(self, storage: str, key: str, content: bytes) -> None:
        """Only where there is nothing yet."""
        try:
            stores.opened(storage, key).close()
        except NotFound:
            stores.put(storage, key, BytesIO(content))

    def contents(self, storage: str, folder: str) -> Iterator[tuple[str, bytes]]:
        """By key."""
        for key in sorted(stores.listed(storage, folder)):
            with stores.opened(storage, key) as file:
                yield key, file.read()
