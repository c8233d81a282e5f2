"""What a worker's thread does with its database connection between two jobs."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from hub.celery import app, close_old_connections_only

Thread = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def thread(db: None) -> Iterator[Thread]:
    """Runs things in a thread of a worker, which has a connection of its own."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda work: pool.submit(work).result()
        pool.submit(lambda: connection.close()).result()


def backend() -> Any:
    """The connection that this thread works with, seen to work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connection.connection


def between_two_tasks() -> None:
    """What Celery and the hub do after one task and before the next."""
    worker = DjangoWorkerFixup(app)
    for _ in range(2):
        worker.close_database()
        close_old_connections_only()


def test_the_next_job_uses_the_same_connection(thread: Thread) -> None:
    former = thread(backend)
    thread(between_two_tasks)
    assert thread(backend) is former


def test_a_connection_that_was_cut_between_two_jobs_is_replaced(thread: Thread) -> None:
    former = thread(backend)
    with socket.fromfd(former.fileno(), socket.AF_INET, socket.SOCK_STREAM) as wire:
        wire.shutdown(socket.SHUT_RDWR)
    thread(between_two_tasks)
    assert thread(backend) is not former


def test_a_connection_that_is_too_old_is_replaced(thread: Thread) -> None:
    former = thread(backend)
    thread(lambda: setattr(connection, "close_at", 0.0))
    thread(between_two_tasks)
    assert thread(backend) is not former
