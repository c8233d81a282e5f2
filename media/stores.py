"""The places where bytes lie, by the name that each file's row keeps: `file` is here, `s3` and `gcs` are elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import InvalidStorageError, Storage, storages
from django.utils.module_loading import import_string

from hub.common.errors import NotFound, ServiceUnavailable

logger = logging.getLogger(__name__)
REMOTE = ("s3", "gcs")
# What the clients of the object stores raise; imported only where such a store is set up.
_ERRORS: Mapping[str, tuple[str, ...]] = {
    "s3": ("botocore.exceptions.BotoCoreError", "botocore.exceptions.ClientError", "boto3.exceptions.Boto3Error"),
    "gcs": (
        "google.api_core.exceptions.GoogleAPIError",
        "google.auth.exceptions.GoogleAuthError",
        "requests.RequestException",
    ),
}


def current() -> str:
    """The name of the store that new files go to."""
    return settings.MEDIA_STORAGE


def is_remote(name: str) -> bool:
    """Whether its files are fetched from an address of its own instead of through the hub."""
    return name in REMOTE


def put(name: str, key: str, source: BinaryIO) -> str:
    """Writes `source` under `key`, replacing what was there, piece by piece; gives the key it has in the store.

    Raises ServiceUnavailable when the store cannot take it.
    """
    with _reachable(name):
        store = _named(name)
        store.delete(key)
        return store.save(key, File(source))


def opened(name: str, key: str) -> File[bytes]:
    """The bytes, for reading. Raises NotFound when the object is gone, ServiceUnavailable when the store is away."""
    try:
        with _reachable(name):
            return _named(name).open(key, "rb")
    except FileNotFoundError as error:
        raise NotFound("The file of this media is gone from storage.") from error


def remove(name: str, key: str) -> None:
    """Deletes the object; one that is gone already is no error. Raises ServiceUnavailable when the store is away."""
    with _reachable(name):
        _named(name).delete(key)


def listed(name: str, folder: str) -> list[str]:
    """The keys right under `folder`."""
    try:
        with _reachable(name):
            _, names = _named(name).listdir(folder)
    except FileNotFoundError:
        return []
    return [f"{folder}/{each}" for each in names if each]


def exists(name: str, key: str) -> bool:
    """Whether the object is there. Raises ServiceUnavailable."""
    with _reachable(name):
        return _named(name).exists(key)


def size(name: str, key: str) -> int | None:
    """Its bytes; None when it is gone. Raises ServiceUnavailable."""
    try:
        with _reachable(name):
            store = _named(name)
            return store.size(key) if store.exists(key) else None
    except FileNotFoundError:
        return None


def modified_at(name: str, key: str) -> datetime | None:
    """When it was written; None when it is gone. Raises ServiceUnavailable."""
    try:
        with _reachable(name):
            return _named(name).get_modified_time(key)
    except FileNotFoundError:
        return None


def walked(name: str, folder: str) -> Iterator[str]:
    """Every key under `folder`, however deep, folder by folder. Raises ServiceUnavailable."""
    try:
        with _reachable(name):
            folders, names = _named(name).listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{each}" for each in sorted(names) if each)
    for each in sorted(folders):
        yield from walked(name, f"{folder}/{each}")


def signed_url(name: str, key: str, *, mime_type: str, disposition: str) -> str:
    """An address of the object that anybody may read for SIGNED_URL_SECONDS; the store answers with these headers."""
    seconds = settings.SIGNED_URL_SECONDS
    with _reachable(name):
        store: Any = _named(name)
        if name == "gcs":
            wanted = {"response_type": mime_type, "response_disposition": disposition}
            return str(store.url(key, parameters={**wanted, "expiration": timedelta(seconds=seconds)}))
        wanted = {"ResponseContentType": mime_type, "ResponseContentDisposition": disposition}
        return str(store.url(key, parameters=wanted, expire=int(seconds)))


def probe() -> None:
    """Asks the store for new files a question that costs it next to nothing; raises ServiceUnavailable."""
    with _reachable(current()):
        _named(current()).exists("readyz")


def _named(name: str) -> Storage:
    try:
        return storages[name]
    except InvalidStorageError as error:
        logger.error("files lie in the storage %r, which is not set up any more", name)
        raise ServiceUnavailable("The storage of this file is not set up.") from error


@contextmanager
def _reachable(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except _errors_of(name) as error:
        # The error's text may hold addresses and names of buckets; its kind is enough to look further.
        logger.warning("the storage %s failed: %s", name, type(error).__name__)
        raise ServiceUnavailable("The storage of files is away for the moment. Try again.") from error


@cache
def _errors_of(name: str) -> tuple[type[Exception], ...]:
    return (OSError, *(import_string(path) for path in _ERRORS.get(name, ())))
