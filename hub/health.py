"""Is the process alive; is everything it needs there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from hub.api.handlers import only_reads
from hub.common.errors import ServiceUnavailable
from hub.common.redis import redis_client
from media import stores


@only_reads
def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process serves; touches nothing, so that probing it never wakes a sleeping database."""
    return JsonResponse({"status": "ok"})


@only_reads
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, migrations, broker and storage are ready, else 503 with the part that is not. For deploys."""
    parts = {name: _state(check) for name, check in CHECKS.items()}
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse({"status": "ok" if ready else "not ready", "parts": parts}, status=200 if ready else 503)


class NotReady(Exception):
    """A part is there but cannot be used yet; the message says why."""


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except NotReady as error:
        return str(error)
    except (DatabaseError, redis.RedisError, OSError):
        # The error's text may hold addresses; the log of the part itself has it.
        return "unreachable"
    return "ok"


def _database() -> None:
    connection.ensure_connection()
    if not connection.is_usable():
        # It was kept from an earlier request; the database went away since.
        raise NotReady("unreachable")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady("migrations are not applied")


def _broker() -> None:
    redis_client().ping()


def _storage() -> None:
    if stores.is_remote(stores.current()):
        try:
            stores.probe()
        except ServiceUnavailable as error:
            raise NotReady("unreachable") from error
        return
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    if not os.access(root, os.W_OK):
        raise NotReady("the storage cannot be written")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "storage": _storage,
}
