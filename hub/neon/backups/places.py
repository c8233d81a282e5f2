"""Where backups lie: a folder, or `storage:folder` of a storage of files. What is not whole never lies there."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages

from hub.common.errors import HubError
from hub.common.personal_data import archive
from hub.neon.backup_records import BackupRecord
from hub.neon.errors import BackupBroken, OperationFailed

PARTIAL = ".partial"
READ_BYTES = 1024 * 1024


@contextmanager
def partial_file(place: str) -> Iterator[BinaryIO]:
    """A file to write a backup for `place` into; gone when the block ends, unless `publish` put it there.

    Raises OperationFailed when the disk is full or the folder cannot be written. What a killed run left is removed.
    """
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR) if _storage(place) else Path(place)
    with disk_errors_explained(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_leftovers(folder)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=PARTIAL, delete=False) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield cast(BinaryIO, file)
            finally:
                Path(file.name).unlink(missing_ok=True)


def publish(file: BinaryIO, *, place: str, name: str) -> str:
    """Puts the finished file in its place; gives the location. Raises OperationFailed, and nothing lies there then."""
    storage = _storage(place)
    if storage is None:
        path = Path(place).absolute() / name
        with disk_errors_explained(path.parent):
            os.rename(file.name, path)
            _synced(path.parent)
        return str(path)
    file.seek(0)
    key = f"{storage[1]}/{name}"
    try:
        archive().store(storage[0], key, file)
    except HubError as error:
        _remove_object(storage[0], key)
        raise OperationFailed(f"The storage {storage[0]} did not take the backup: {error.detail}") from error
    return f"{storage[0]}:{key}"


def remove(location: str) -> None:
    """Takes a backup away; one that is gone already is no error. Raises OperationFailed."""
    storage = _storage(location)
    if storage is None:
        with disk_errors_explained(Path(location).parent):
            Path(location).unlink(missing_ok=True)
        return
    _remove_object(*storage)


@contextmanager
def checked(record: BackupRecord) -> Iterator[BinaryIO]:
    """The stored bytes, here and as they were written. Raises BackupBroken when they differ, or OperationFailed."""
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy, _stored(record.location) as source:
        # What comes over a network is looked at where it cannot change any more.
        target = copy if _storage(record.location) else None
        if _digest(source, target) != record.sha256:
            raise BackupBroken(
                f"{record.location} is not what was written for the backup {record.id}: its checksum differs. "
                "Take an older one, or another copy of it."
            )
        whole = cast(BinaryIO, copy) if target else source
        whole.seek(0)
        yield whole


@contextmanager
def _stored(location: str) -> Iterator[BinaryIO]:
    storage = _storage(location)
    if storage is None:
        with disk_errors_explained(Path(location).parent), open(location, "rb") as file:
            yield file
        return
    try:
        opened = archive().open(*storage)
    except HubError as error:
        raise OperationFailed(f"{location} cannot be read: {error.detail}") from error
    with opened:
        yield opened


def _digest(source: BinaryIO, copy: object) -> str:
    found = sha256()
    while piece := source.read(READ_BYTES):
        found.update(piece)
        if copy is not None:
            cast(BinaryIO, copy).write(piece)
    return found.hexdigest()


def _storage(place: str) -> tuple[str, str] | None:
    """(storage, folder or key) when it names a storage."""
    name, colon, rest = place.partition(":")
    return (name, rest.strip("/")) if colon and name in settings.STORAGES else None


def _remove_object(storage: str, key: str) -> None:
    # Object stores keep nothing of an upload that failed, so that only a folder can have the beginning of one.
    store = storages[storage]
    if isinstance(store, FileSystemStorage):
        with suppress(OSError):
            store.delete(key)


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(f"*{PARTIAL}"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _synced(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors_explained(folder: Path) -> Iterator[None]:
    """Turns an OSError inside into the one line that explains it."""
    try:
        yield
    except OSError as error:
        raise OperationFailed(_explained(error, folder)) from error


def _explained(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = shutil.disk_usage(folder).free // 2**20
        return f"The disk that holds {folder} is full ({free} MiB are free): free some space, or name another place."
    return f"{error.filename or folder} cannot be used: {error.strerror or error}. Name another place, or mend it."
