"""What can go wrong with the embedded servers, each in one line that says what to do."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The first start writes about 40 MB, and PostgreSQL adds its log in pieces of 16 MB.
NEEDED_BYTES = 64 * 1024 * 1024
PROBE_BYTES = 64 * 1024


class LocalServerError(Exception):
    """An embedded server, or a process of the local stack, cannot run; the message is one line that says what to do."""


class VarInUse(LocalServerError):
    """Another process supervises the servers of this directory."""


def explained(error: OSError, path: Path) -> LocalServerError:
    """The one line for an error of the file system under `path`."""
    return LocalServerError(_advice(error, path))


def _advice(error: OSError, path: Path) -> str:
    where = error.filename or path
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk that holds {path} is full: free some space, or set HUB_VAR to a directory with room."
        case errno.EROFS:
            return f"{where} is on a read-only disk: set HUB_VAR to a directory that can be written."
        case errno.EACCES | errno.EPERM:
            return f"{where} may not be used by this user: give it to the user, or set HUB_VAR to another directory."
        case errno.ENOTDIR | errno.EEXIST:
            return f"{where} should be a directory: move that file away, or set HUB_VAR to another directory."
        case _:
            return f"{where} cannot be used: {error.strerror or error}; set HUB_VAR to another directory."


@contextmanager
def file_errors_explained(path: Path) -> Iterator[None]:
    """Turns an OSError inside into the LocalServerError that explains it."""
    try:
        yield
    except OSError as error:
        raise explained(error, path) from error


def require_room(directory: Path) -> None:
    """Raises LocalServerError unless `directory` can be written and has room for a server's files."""
    with file_errors_explained(directory):
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
        disk = os.statvfs(directory)
        if disk.f_bavail * disk.f_frsize < NEEDED_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
