"""Puts a value where none must be, in every kind of place, to see that the search finds it there."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.core import signing
from django.test import override_settings

from tests.canary.places import LOG_OF_POSTGRES, SALT
from tests.canary.world import World
from tests.receiver import Received, Receiver


@dataclass(frozen=True)
class Plant:
    """Puts a text somewhere, in a spelling, and says in which place it has to be found."""

    place: str
    put: Callable[[World, str], object]


def sql(statement: str) -> Callable[[World, str], object]:
    return lambda world, text: world.stack.rows(f"{statement} RETURNING 1", text)


def in_a_session(world: World, text: str) -> None:
    """As Django would: signed and pressed, so that it can be read in no dump."""
    with override_settings(SECRET_KEY=world.stack.env["SECRET_KEY"]):
        data = signing.dumps({"kept": text * 40}, salt=SALT, compress=True)
    query = "INSERT INTO django_session VALUES (%s, %s, now() + interval '1 day') RETURNING 1"
    world.stack.rows(query, text[:30], data)


def in_the_console_log(world: World, text: str) -> None:
    world.stack.rows(
        "INSERT INTO django_admin_log (action_time, object_id, object_repr, action_flag, change_message, user_id) "
        "SELECT now(), '', %s, 1, '', id FROM users WHERE is_staff RETURNING 1",
        text,
    )


def in_a_message(world: World, text: str) -> None:
    """With the worker away, so that it stays."""
    world.stack.kill("worker")
    world.stack.offer(text, "text")


def in_an_error(world: World, text: str) -> None:
    """A real refusal repeats the name of a field that nobody knows."""
    world.as_client(world.stack.rich).call("POST", "/api/v1/quotes", {"model": "x", "prompt": "x", text: 1})


def in_a_report(world: World, text: str) -> None:
    """A bug whose words quote what was sent, as the log's handler writes it."""
    with (world.stack.logs / "web.log").open("a") as log:
        log.write(
            f"2026-01-01 00:00:00,000 ERROR x [-] broken\nTraceback (most recent call last):\nKeyError: '{text}'\n"
        )


def in_a_line_of_json(world: World, text: str) -> None:
    """As a fact of its record, escaped as JSON has it."""
    append(world.stack.logs / "web.log", json.dumps({"event": "x", "said": f'"{text}"'}))


def send(receiver: Receiver, text: str) -> None:
    """Pressed, as the real ones come."""
    receiver.received.append(Received("/", {"Content-Encoding": "gzip"}, gzip.compress(text.encode())))


def as_postgres_says_it(world: World, text: str) -> None:
    """What it says of a wrong statement."""
    with pytest.raises(psycopg.Error):
        world.stack.rows(f"SELECT '{text}'::integer")


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(f"{text}\n")


PLANTS = {
    "a column": Plant("generations.error_message", sql("UPDATE generations SET error_message = %s")),
    "a sealed column": Plant("generations.prompt", sql("UPDATE generations SET prompt = convert_to(%s, 'UTF8')")),
    "JSON in a column": Plant(
        "generations.units", sql("UPDATE generations SET units = jsonb_build_object('x', %s::text)")
    ),
    "a session": Plant("content of sessions", in_a_session),
    "the log of the console": Plant("django_admin_log.object_repr", in_the_console_log),
    "a key of Redis": Plant("Redis: *", lambda world, text: world.stack.redis.set(f"x:{text}", 1)),
    "a hash of Redis": Plant("Redis: planted, *", lambda world, text: world.stack.redis.hset("planted", "x", text)),
    "a stream of Redis": Plant("Redis: stream, *", lambda world, text: world.stack.redis.xadd("stream", {"x": text})),
    "a message of Celery": Plant("messages of Celery (text), *", in_a_message),
    "a body of an error": Plant("error bodies of the API", in_an_error),
    "a log line": Plant("log of worker", lambda world, text: append(world.stack.logs / "worker.log", text)),
    "a report of an error": Plant("error reports of web", in_a_report),
    "a line of JSON": Plant("log of web", in_a_line_of_json),
    "a report that was sent": Plant("reports of errors", lambda world, text: send(world.sentry, text)),
    "a trace": Plant("traces", lambda world, text: send(world.collector, text)),
    "the log of PostgreSQL": Plant(LOG_OF_POSTGRES, as_postgres_says_it),
    "a file": Plant("files: tmp/*", lambda world, text: append(world.stack.folder / "tmp" / "left", text)),
}
