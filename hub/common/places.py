"""Where an operator has the hub write what must outlive its database: a path, or `storage:folder`."""

from __future__ import annotations

from django.conf import settings


def in_storage(place: str) -> tuple[str, str] | None:
    """(storage, folder) when `place` names a storage of files (STORAGES); None when it is a path."""
    name, colon, folder = place.partition(":")
    return (name, folder.strip("/")) if colon and name in settings.STORAGES else None
