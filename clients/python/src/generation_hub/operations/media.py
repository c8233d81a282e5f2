"""Sending, finding and deleting files."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias, TypedDict, Unpack
from urllib.parse import urljoin
from uuid import uuid4

from generation_hub.encoding import Known, at
from generation_hub.errors import BadAnswer
from generation_hub.exchange import exchange, fetched, opened, pages
from generation_hub.options import Options
from generation_hub.plan import Answer, Flow, Plan, Request, done, read
from generation_hub.shapes.common import Page
from generation_hub.shapes.work import Media

MEDIA = "/media"
Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO


class MediaFilters(TypedDict, total=False):
    """Which files; `source` is `uploaded` or `generated`, `generation` the one that made it."""

    kind: str | None
    source: str | None
    generation: Known | None
    created_after: datetime | None
    created_before: datetime | None


def upload(options: Options, source: Source, *, idempotency_key: str | None = None) -> Plan[Media]:
    """Sends a file, from a path, as bytes, or from a file open for reading in binary.

    An open file is sent from its beginning, and read into memory first when it cannot be rewound. It is not closed.
    """
    if isinstance(source, str | os.PathLike):
        with (yield from done(lambda: Path(source).open("rb"))) as file:
            return (yield from _sent(options, file, idempotency_key))
    if isinstance(source, bytes):
        return (yield from _sent(options, source, idempotency_key))
    content = source if source.seekable() else (yield from done(source.read))
    return (yield from _sent(options, content, idempotency_key))


def _sent(options: Options, content: bytes | BinaryIO, key: str | None) -> Plan[Media]:
    headers = {"Idempotency-Key": key or str(uuid4())}
    request = Request(method="POST", path=MEDIA, headers=headers, upload=content)
    return (yield from fetched(options, Media, request))


def get(options: Options, media: Known) -> Plan[Media]:
    """What is known of a file."""
    return (yield from fetched(options, Media, Request(method="GET", path=at(MEDIA, media))))


def list_(
    options: Options, *, limit: int | None = None, cursor: str | None = None, **filters: Unpack[MediaFilters]
) -> Flow[Page[Media]]:
    """Your files, newest first; `limit` is the size of a page."""
    return pages(options, Media, MEDIA, {**filters, "limit": limit, "cursor": cursor})


def delete(options: Options, media: Known) -> Plan[None]:
    """Deletes a file; raises Conflict while a generation works with it."""
    yield from exchange(options, Request(method="DELETE", path=at(MEDIA, media)))


def content(options: Options, media: Known) -> Plan[bytes]:
    """The bytes of a file, in memory; `download` keeps large ones out of it."""
    return (yield from all_of(options, content_of(media)))


def content_of(media: Known) -> str:
    """The path of the bytes of a file."""
    return at(MEDIA, media, "/content")


def all_of(options: Options, path: str) -> Plan[bytes]:
    """The bytes at a path, in memory."""
    yield from opened_content(options, path)
    pieces = []
    while (piece := (yield from read())) is not None:
        pieces.append(piece)
    return b"".join(pieces)


def opened_content(options: Options, path: str, *, start: int = 0, etag: str = "") -> Plan[Answer]:
    """The answer with the bytes from `start` on (206) or all of them (200), to be read next.

    An object store is asked without the key, and without If-Range, for its tags are not the hub's.
    """
    part = {"Range": f"bytes={start}-"} if start else {}
    condition = {"If-Range": f'"{etag}"'} if start else {}
    request = Request(method="GET", path=path, headers=part | condition)
    answer = yield from opened(options, request)
    if answer.status == 307:
        address = urljoin(options.url(request.path), answer.headers.get("location", ""))
        answer = yield from opened(options, Request(method="GET", path=address, headers=part, elsewhere=True))
    if answer.status not in (200, 206):
        raise BadAnswer(f"The content came with status {answer.status}.", status=answer.status)
    return answer
