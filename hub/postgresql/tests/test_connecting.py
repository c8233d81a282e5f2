"""A server that is only waking up is waited for; one that will never let the hub in is not."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.db import OperationalError, connection
from django.db.utils import load_backend

from hub.databases import database_entry
from hub.env import database
from hub.local.ports import LOOPBACK, free_port
from hub.postgresql import base
from hub.tests.metrics.conftest import counted

__all__ = ["counted"]
Counted = Callable[..., float]
FAILED = {"name": "hub_db_errors_total", "verb": "connect", "error": "OperationalError"}
# Well above the first tries, and below all of them.
LATE_SECONDS = 0.5


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch, django_db_setup: None) -> Callable[..., Any]:
    """Makes a Django connection to the test database, with parts of its URL replaced."""

    def way(**parts: Any) -> Any:
        url = urlsplit(os.environ["DATABASE_URL"])
        who = f"{parts.get('user', url.username)}:{quote(parts.get('password', url.password))}"
        where = f"{LOOPBACK}:{parts.get('port', url.port)}"
        name = parts.get("name", connection.settings_dict["NAME"])
        monkeypatch.setenv("WAY", f"postgresql://{who}@{where}/{name}?sslmode=disable")
        entry = database_entry(database("WAY"), process="test")
        defaults = connection.settings_dict | entry
        return load_backend(entry["ENGINE"]).DatabaseWrapper(defaults)

    return way


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made between two tries."""
    made: list[float] = []
    sleep = time.sleep
    monkeypatch.setattr(base.time, "sleep", lambda seconds: (made.append(seconds), sleep(seconds)))
    return made


def relay(port: int, listener: socket.socket, refuse: int) -> None:
    """Cuts off the first `refuse` that come, as a compute does that is about to start; brings the next to `port`."""
    for _ in range(refuse):
        listener.accept()[0].close()
    client, _ = listener.accept()
    server = socket.create_connection((LOOPBACK, port))
    back = threading.Thread(target=carry, args=(server, client), daemon=True)
    back.start()
    carry(client, server)
    back.join(5)


def carry(source: socket.socket, target: socket.socket) -> None:
    with closing(source), closing(target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            return


@contextmanager
def relaying(port: int, *, at: int, after: float = 0.0, refuse: int = 0) -> Iterator[None]:
    """A server on the port `at` that listens only `after` so many seconds."""

    def serve() -> None:
        time.sleep(after)
        with socket.create_server((LOOPBACK, at)) as listener:
            relay(port, listener, refuse)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    thread.join(10)


def answer(opened: Any) -> Any:
    with closing(opened):
        return answer_of(opened)


def answer_of(opened: Any) -> Any:
    with opened.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_server_that_answers_late_is_waited_for(
    way: Callable[..., Any], tries: list[float], counted: Counted
) -> None:
    port = free_port()
    with relaying(urlsplit(os.environ["DATABASE_URL"]).port or 0, at=port, after=LATE_SECONDS):
        assert answer(way(port=port)) == "app"
    assert tries[:1] != []
    assert counted(**FAILED) == 0


@pytest.mark.django_db
def test_a_server_that_cuts_off_the_first_is_asked_again(way: Callable[..., Any], tries: list[float]) -> None:
    port = free_port()
    with relaying(urlsplit(os.environ["DATABASE_URL"]).port or 0, at=port, refuse=2):
        assert answer(way(port=port)) == "app"
    assert len(tries) >= 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"password": "wrong"}, "password authentication failed|authentication failed"),
        ({"user": "nobody_at_all"}, "authentication failed|no such user"),
        ({"name": "no_such_database"}, "does not exist"),
    ],
    ids=["password", "role", "database"],
)
def test_what_will_never_work_is_told_at_once(
    way: Callable[..., Any], tries: list[float], counted: Counted, parts: dict[str, str], said: str
) -> None:
    with pytest.raises(OperationalError, match=said):
        answer(way(**parts))
    assert tries == []
    assert counted(**FAILED) == 1


@pytest.mark.django_db
def test_a_server_that_does_not_come_is_given_up(way: Callable[..., Any], tries: list[float], counted: Counted) -> None:
    with pytest.raises(OperationalError, match="refused"):
        way(port=free_port()).ensure_connection()
    assert len(tries) == base.TRIES - 1
    assert counted(**FAILED) == 1, "once, and not once for each try"
    assert sum(tries) <= 3
    assert all(0.5 <= pause / (base.FIRST_PAUSE_SECONDS * 2**n) <= 1 for n, pause in enumerate(tries, start=1))


@pytest.mark.django_db
def test_a_statement_is_never_repeated(way: Callable[..., Any], tries: list[float]) -> None:
    opened = way()
    assert answer_of(opened) == "app"
    with socket.fromfd(opened.connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as wire:
        wire.shutdown(socket.SHUT_RDWR)
    with pytest.raises(OperationalError):
        answer_of(opened)
    opened.close()
    assert tries == []
