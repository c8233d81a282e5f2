"""Files that are written to disk: whole, or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeAlias, Unpack
from uuid import uuid4

from generation_hub.encoding import Known, query
from generation_hub.errors import BadAnswer, DownloadDamaged, HubUnreachable
from generation_hub.exchange import opened
from generation_hub.operations.media import content_of, get, opened_content
from generation_hub.operations.usage import EXPORT, UsageFilters
from generation_hub.options import Options
from generation_hub.plan import Pause, Plan, Request, done, read
from generation_hub.shapes.work import Media

Progress: TypeAlias = Callable[[int, int], object]
"""Called with the bytes that are there and the bytes in all."""


def download(
    options: Options, media: Known, path: str | os.PathLike[str], *, progress: Progress | None = None
) -> Plan[Path]:
    """Writes a file to `path` and returns it: it appears there whole, with its SHA-256 checked, or not at all.

    What is there already of a download that was broken off, in this process or in another, is not fetched again: it
    waits beside `path` under a name of its own. Raises DownloadDamaged.
    """
    target = file_at(path)
    known = media if isinstance(media, Media) else (yield from get(options, media))
    described = Described(id=known.id, content=content_of(known), bytes=known.bytes, sha256=known.sha256)
    return (yield from saved(options, target, described, progress))


def file_at(path: str | os.PathLike[str]) -> Path:
    """Where a file is to be; raises IsADirectoryError for the path of a directory."""
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a directory; name the file.")
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A file that the hub has: where its content is, and how to know it when it has come."""

    id: str
    content: str
    bytes: int
    sha256: str


def saved(options: Options, target: Path, file: Described, progress: Progress | None) -> Plan[Path]:
    """Writes a file to `target`, as `download` says of it."""
    part = yield from done(lambda: _Part(target, file))
    try:
        yield from _fill(options, part, progress or _nobody)
        yield from done(part.finish)
    finally:
        part.close()
    return target


def export(
    options: Options, path: str | os.PathLike[str], *, format: str = "csv", **filters: Unpack[UsageFilters]
) -> Plan[Path]:
    """Writes the whole ledger to `path`, oldest first, as `csv` or `jsonl`: it appears there whole or not at all."""
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{uuid4().hex}.part")
    request = Request(method="GET", path=EXPORT, query=query({**filters, "format": format}))
    try:
        for attempt in range(1, options.retry.attempts + 1):
            try:
                yield from opened(options, request)
                yield from _written(unfinished)
                break
            except HubUnreachable:
                if attempt == options.retry.attempts:
                    raise
                yield Pause(options.retry.pause(attempt) or 0.0)
        yield from done(partial(os.replace, unfinished, target))
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _written(path: Path) -> Plan[None]:
    with (yield from done(lambda: path.open("wb"))) as file:
        while (piece := (yield from read())) is not None:
            yield from done(partial(file.write, piece))


def _nobody(done_bytes: int, total_bytes: int) -> None:
    """Nobody wants to know."""


class _Part:
    """What is there of a file. Its name has the file's digest, so that no other file's part is taken for it."""

    def __init__(self, target: Path, file: Described) -> None:
        self.described = file
        self._target = target
        self._path = target.with_name(f".{target.name}.{file.sha256[:16]}.part")
        self._file: BinaryIO = self._path.open("a+b")
        self._file.seek(0)
        self._digest = hashlib.file_digest(self._file, hashlib.sha256)
        self.size = self._file.tell()

    def write(self, piece: bytes) -> None:
        """Raises DownloadDamaged when there are more bytes than the file has."""
        self._file.write(piece)
        self._digest.update(piece)
        self.size += len(piece)
        if self.size > self.described.bytes:
            self._give_up(f"More than its {self.described.bytes} bytes came.")

    def restart(self) -> None:
        self._file.truncate(0)
        self._digest = hashlib.sha256()
        self.size = 0

    def finish(self) -> None:
        """Moves it to its place; raises DownloadDamaged when it is not the file that was described."""
        self._file.flush()
        if self._digest.hexdigest() != self.described.sha256:
            self._give_up("Its SHA-256 is another.")
        os.replace(self._path, self._target)

    def close(self) -> None:
        self._file.close()

    def _give_up(self, why: str) -> None:
        self._path.unlink()
        raise DownloadDamaged(f"The file {self.described.id} came damaged. {why}")


def _fill(options: Options, part: _Part, progress: Progress) -> Plan[None]:
    """Connections that bring nothing are counted; one that brings something begins the count anew."""
    failures = 0
    if part.size > part.described.bytes:
        yield from done(part.restart)
    progress(part.size, part.described.bytes)
    while (before := part.size) < part.described.bytes:
        broken = yield from _more(options, part, progress)
        if part.size < part.described.bytes:
            failures = 1 if part.size > before else failures + 1
            if failures >= options.retry.attempts:
                raise broken or HubUnreachable("The file ended before its last byte.")
            yield Pause(options.retry.pause(failures) or 0.0)


def _more(options: Options, part: _Part, progress: Progress) -> Plan[HubUnreachable | None]:
    """What one connection brings; why it broke."""
    answer = yield from opened_content(options, part.described.content, start=part.size, etag=part.described.sha256)
    if answer.status == 200:
        yield from done(part.restart)
    elif not answer.headers.get("content-range", "").startswith(f"bytes {part.size}-"):
        raise BadAnswer("Another range of the file came than was asked for.", status=answer.status)
    try:
        while (piece := (yield from read())) is not None:
            yield from done(partial(part.write, piece))
            progress(part.size, part.described.bytes)
    except HubUnreachable as error:
        return error
    return None
