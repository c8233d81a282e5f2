"""What a worker's thread does with its database connection between two jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from hub.celery import app, close_old_connections_only

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _closed_afterwards() -> Iterator[None]:
    yield
    connection.close()


def backend() -> int:
    """The PostgreSQL process that serves this thread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def between_two_tasks() -> None:
    """What Celery and the hub do after one task and before the next."""
    worker = DjangoWorkerFixup(app)
    for _ in range(2):
        worker.close_database()
        close_old_connections_only()


def test_the_next_job_uses_the_same_connection() -> None:
    former = backend()
    between_two_tasks()
    assert backend() == former


def test_a_connection_that_was_cut_between_two_jobs_is_replaced() -> None:
    former = backend()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [former])
    other.close()
    between_two_tasks()
    assert backend() != former


def test_a_connection_that_is_too_old_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    former = backend()
    monkeypatch.setattr(connection, "close_at", 0.0)
    between_two_tasks()
    assert backend() != former
