"""Around every task of a worker: counted, timed, and a span below the one that sent it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

from celery import signals
from django.db import Error as DatabaseError

from hub import processes, tracing
from hub.common.request_id import current_request_id
from hub.metrics import failures
from hub.metrics.catalogue import TASK_SECONDS, TASKS
from hub.metrics.pool import POOL

# Where a task's request keeps what ends with it.
WATCH = "hub_watch"


def connect() -> None:
    """To be called once what binds the request id is connected: a span names it."""
    signals.worker_init.connect(_begin, dispatch_uid="hub.watch")
    # A pool of processes forks them later; one of threads never sends this.
    signals.worker_process_init.connect(_begin, dispatch_uid="hub.watch")
    signals.before_task_publish.connect(_carry, dispatch_uid="hub.watch")
    signals.task_prerun.connect(_enter, dispatch_uid="hub.watch")
    signals.task_postrun.connect(_leave, dispatch_uid="hub.watch")
    signals.task_failure.connect(_note_failure, dispatch_uid="hub.watch")


def _begin(sender: Any = None, **_: Any) -> None:
    POOL.size = getattr(sender, "concurrency", None) or 1
    processes.begin("worker")


def _carry(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None:
        headers.update(tracing.carrier())


def _enter(task: Any, **_: Any) -> None:
    carried = {"traceparent": value} if (value := task.request.get("traceparent")) else {}
    watch = ExitStack()
    # Before anything that could fail: what was begun is ended.
    setattr(task.request, WATCH, watch)
    POOL.begin()
    watch.callback(POOL.end)
    started = time.perf_counter()
    watch.callback(lambda: TASK_SECONDS.labels(task.name).observe(time.perf_counter() - started))
    attributes = {"hub.task": task.name, "hub.request_id": current_request_id()}
    watch.enter_context(tracing.span(task.name, attributes=attributes, kind="consumer", carried=carried))


def _note_failure(exception: BaseException, **_: Any) -> None:
    if isinstance(exception, DatabaseError):
        failures.note(exception)


def _leave(task: Any, state: str | None = None, **_: Any) -> None:
    TASKS.labels(task.name, (state or "unknown").lower()).inc()
    watch = getattr(task.request, WATCH, None)
    if watch is not None:
        watch.close()
