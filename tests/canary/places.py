"""Everywhere that a value could have been put: gathered from a hub that has been driven."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from django.core.signing import loads
from django.test import override_settings

from tests.canary.dump import database_places
from tests.canary.search import Place
from tests.owner import owner_url
from tests.receiver import Received
from tests.stack import HubStack

if TYPE_CHECKING:
    from tests.canary.world import World

QUEUES = ("text", "image", "video", "music", "webhooks")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}")
# What a process says when an error is reported: from a traceback's head to the next line of the log, or within a line.
_TRACEBACK = re.compile(
    rb"^Traceback .*?(?=^\d{4}-\d\d-\d\d |^\{|\Z)|^\{[^\n]*Traceback [^\n]*$", re.MULTILINE | re.DOTALL
)
LOG_OF_POSTGRES = "log of PostgreSQL"
SALT = "django.contrib.sessions.SessionStore"


def places(world: World) -> list[Place]:
    """All of them, now."""
    stack = world.stack
    return [
        *database_places(owner_url(stack.database)),
        Place("queries of the database", _rows(stack, "SELECT query FROM pg_stat_activity WHERE datname = %s")),
        *sessions(stack),
        *redis_places(stack, "at rest"),
        *world.queued,
        *log_places(stack),
        *_reports(world),
        *_log_of_postgres(world),
        *file_places(stack),
        Place("command lines of processes", b"\n".join(_command_lines(stack))),
        *world.said,
        *world.printed,
        *_pages(world),
    ]


def _rows(stack: HubStack, query: str) -> bytes:
    return "\n".join(str(row) for row in stack.rows(query, stack.database)).encode()


def sessions(stack: HubStack) -> Iterator[Place]:
    """What Django has signed and pressed into them."""
    with override_settings(SECRET_KEY=stack.env["SECRET_KEY"]):
        for row in stack.rows("SELECT session_data FROM django_session"):
            content = loads(row["session_data"], salt=SALT, max_age=None)
            yield Place("content of sessions", json.dumps(content).encode())


def redis_places(stack: HubStack, moment: str) -> list[Place]:
    """Every key with its value, under its name without ids; of Celery's messages also the decoded bodies."""
    found = []
    with redis.Redis.from_url(stack.servers.redis_url) as client:
        for key in client.scan_iter():
            name = _ID.sub("*", key.decode(errors="replace"))
            is_queue = name in QUEUES or name.startswith("unacked")
            where = f"messages of Celery ({name}), {moment}" if is_queue else f"Redis: {name}, {moment}"
            content = key + b"\n" + repr(_value(client, key)).encode() + b"\n" + b"\n".join(_raw(_value(client, key)))
            found.append(Place(where, content + b"".join(_bodies(content))))
    return found


def _value(client: Any, key: bytes) -> Any:
    read = {
        b"string": lambda: client.get(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1, withscores=True),
        b"hash": lambda: client.hgetall(key),
        b"stream": lambda: client.xrange(key),
        b"none": lambda: None,
    }
    return read[client.type(key)]()


def _raw(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from _raw(list(value.items()))
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _raw(inner)


def _bodies(content: bytes) -> Iterator[bytes]:
    for found in re.findall(rb'"body": "([A-Za-z0-9+/=]+)"', content):
        yield b"\n" + base64.b64decode(found)


def log_places(stack: HubStack) -> Iterator[Place]:
    """Every log line of every process, and apart from them what they report of errors."""
    for path in sorted(stack.logs.glob("*.log")):
        content = path.read_bytes()
        yield Place(f"log of {path.stem}", content)
        reports = b"\n".join(_TRACEBACK.findall(content))
        if reports:
            yield Place(f"error reports of {path.stem}", reports)


def _reports(world: World) -> Iterator[Place]:
    """What was sent to whoever collects errors and traces, unpacked."""
    for name, receiver in (("reports of errors", world.sentry), ("traces", world.collector)):
        for received in list(receiver.received):
            head = f"{received.path}\n{dict(received.headers)}\n".encode()
            yield Place(name, head + unpacked(received))


def unpacked(received: Received) -> bytes:
    """The body as it was before it was pressed."""
    encoding = {name.lower(): value for name, value in received.headers.items()}.get("content-encoding", "")
    unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress}.get(encoding, bytes)
    return unpack(received.body)


def _log_of_postgres(world: World) -> Iterator[Place]:
    """What it wrote since the hub began; a server that somebody else runs keeps its log to itself."""
    if world.postgres_log.exists():
        with world.postgres_log.open("rb") as file:
            file.seek(world.postgres_log_before)
            yield Place(LOG_OF_POSTGRES, file.read())


def file_places(stack: HubStack) -> Iterator[Place]:
    """Every file that the hub leaves on its disk but the logs; archives with what is in them."""
    for path in sorted(stack.folder.rglob("*")):
        if not path.is_file() or path.is_relative_to(stack.logs):
            continue
        name = _ID.sub("*", str(path.relative_to(stack.folder)))
        content = path.read_bytes()
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content += b"".join(archive.read(member) for member in archive.namelist())
        folder = "/".join(name.split("/")[:2])
        yield Place(f"files: {folder}", str(path).encode() + b"\n" + content)


def _command_lines(stack: HubStack) -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            environment = (path / "environ").read_bytes()
            if f"HUB_VAR={stack.folder}".encode() in environment:
                yield (path / "cmdline").read_bytes()
        except OSError:
            continue


def _pages(world: World) -> Iterator[Place]:
    """What anybody may read."""
    for path in ("/livez", "/readyz", "/metrics", "/api/v1/schema"):
        answer = world.stack.client("rich").call("GET", path)
        assert path != "/metrics" or answer.status == 200
        yield Place(f"answer of {path}", answer.body)
