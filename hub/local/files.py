"""Files of the local stack: private directories, writes that are whole or absent, locks that die with their holder."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LOG_BYTES = 5 * 1024 * 1024


def private_directory(path: Path) -> Path:
    """Makes `path` for this user alone; one that exists keeps its mode."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def lay_out(var: Path) -> None:
    """Makes HUB_VAR and what others expect in it: logs, and tmp, where Django keeps uploads on their way."""
    for name in ("logs", "tmp"):
        (var / name).mkdir(parents=True, exist_ok=True)


def write_private_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces `path` (mode 600) at once: a reader sees the former content or this one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`; None when there is no file, or no object in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits until no other process is inside with this `path`; the kernel ends it with the process."""
    with open(path, "a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def open_log(path: Path) -> int:
    """A descriptor that appends to the log `path`; one that has grown large is moved to `<name>.1` first."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        os.replace(path, path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def size_of(path: Path) -> int:
    """The size in bytes; 0 when there is no such file."""
    return path.stat().st_size if path.exists() else 0


def text_from(path: Path, offset: int = 0) -> str:
    """What stands in the log `path` from `offset` on; empty when there is no such file."""
    if not path.exists():
        return ""
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")
