"""A log outside of the database that is only added to: lines of a file, or one object each in a storage of files."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from hub.common.personal_data import archive
from hub.common.places import in_storage


def append(place: str, *, name: str, text: str) -> None:
    """On the disk, or in the storage as `name`.json, when this returns. `place` is a path or `storage:folder`.

    Raises OSError, or ServiceUnavailable for a storage.
    """
    line = text + "\n"
    found = in_storage(place)
    if found is None:
        _append_line(Path(place), line)
        return
    storage, folder = found
    archive().add(storage, f"{folder}/{name}.json", line.encode())


def texts(place: str) -> Iterator[tuple[str, str]]:
    """(where, text) of each entry, in no order; nothing where nobody has written yet. Raises OSError for a file."""
    found = in_storage(place)
    if found is not None:
        for name, content in archive().contents(*found):
            yield name, content.decode("utf-8", "replace")
        return
    path = Path(place)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    yield from ((f"line {number} of {path}", line) for number, line in enumerate(lines, 1) if line.strip())


def _append_line(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # A line that a crash cut short must not swallow this one.
        os.write(descriptor, (line if _ends_whole(path) else "\n" + line).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
