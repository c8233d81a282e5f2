"""The database connections of this process, and what is run on them, whatever thread or task they belong to."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from hub.metrics import failures, slow_queries
from hub.metrics.catalogue import CONNECTIONS_OPENED, QUERIES, QUERY_SECONDS
from hub.metrics.statements import VERBS, verb_of

# Looked up once: every statement passes here.
_OF_VERB = {verb: (QUERIES.labels(verb), QUERY_SECONDS.labels(verb)) for verb in VERBS}
_connections: weakref.WeakSet[BaseDatabaseWrapper] = weakref.WeakSet()


def watch(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    """A connection was made (the signal connection_created): from now on its statements are counted and timed."""
    CONNECTIONS_OPENED.inc()
    _connections.add(connection)
    if observe not in connection.execute_wrappers:
        # The first is the outermost, and a wrapper that comes and goes takes the last one off.
        connection.execute_wrappers.insert(0, observe)


def open_connections() -> int:
    """How many are open now."""
    return sum(each.connection is not None for each in list(_connections))


def observe(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Around each statement: counted by its first keyword, timed, and logged without its values when it was slow."""
    verb = verb_of(sql)
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    except DatabaseError as error:
        failures.note(error, verb=verb)
        raise
    finally:
        seconds = time.perf_counter() - started
        count, times = _OF_VERB[verb]
        count.inc()
        times.observe(seconds)
        if seconds * 1000 >= settings.SLOW_QUERY_MS:
            slow_queries.log(sql, verb=verb, seconds=seconds)
