"""The log of erasures, outside of the database: what a restored backup has to be told again.

One entry for each: the request's id, a keyed digest of the account's id, the moment. It is only ever added to. The
setting ERASURE_LOG is a path (one JSON object a line), or `storage:folder` (one object each) of a storage of files.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from hub.common.personal_data import archive
from hub.common.places import in_storage
from users.privacy.errors import ErasureLogBroken


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure; `account` is `kid:hex`, `at` RFC 3339."""

    request_id: str
    account: str
    at: str
    version: int = 1

    @property
    def kid(self) -> str:
        """Of the index key that the digest was made with."""
        return self.account.partition(":")[0]

    @property
    def digest(self) -> str:
        """Without the key's name."""
        return self.account.partition(":")[2]


def append(entry: Entry) -> None:
    """On the disk, or in the storage, when this returns; the same entry again is harmless.

    Raises OSError, or ServiceUnavailable for a storage.
    """
    line = json.dumps(asdict(entry), separators=(",", ":")) + "\n"
    place = in_storage(settings.ERASURE_LOG)
    if place is None:
        _append_line(Path(settings.ERASURE_LOG), line)
        return
    storage, folder = place
    archive().add(storage, f"{folder}/{entry.request_id}.json", line.encode())


def entries() -> Iterator[Entry]:
    """Each erasure once, in no order. Raises ErasureLogBroken for what was never written by `append`."""
    seen = set()
    for where, text in _texts():
        entry = _parsed(where, text)
        if entry.request_id not in seen:
            seen.add(entry.request_id)
            yield entry


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


def _texts() -> Iterator[tuple[str, str]]:
    place = in_storage(settings.ERASURE_LOG)
    if place is None:
        path = Path(settings.ERASURE_LOG)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        yield from ((f"line {number} of {path}", line) for number, line in enumerate(lines, 1) if line.strip())
        return
    for name, content in archive().contents(*place):
        yield name, content.decode("utf-8", "replace")


def _parsed(where: str, text: str) -> Entry:
    try:
        entry = Entry(**json.loads(text))
        UUID(entry.request_id)
        datetime.fromisoformat(entry.at)
        is_whole = entry.version == 1 and len(bytes.fromhex(entry.digest)) == 32 and bool(entry.kid)
    except (ValueError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        detail = f"{where} is no entry of the log of erasures: mend or remove it, then replay again."
        raise ErasureLogBroken(detail)
    return entry
