"""The Celery application: carries ids of jobs; PostgreSQL holds the jobs."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django.db import close_old_connections

from hub import task_watch
from hub.common.request_id import bind_request_id
from hub.common.tasks import REQUEST_ID_HEADER, HubTask
from hub.logs import configure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

app = Celery("hub", task_cls=HubTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.task_prerun.connect
def bind_the_request_id(task: Any, **_: Any) -> None:
    """A job works under the id of the request that asked for it."""
    bind_request_id(task.request.get(REQUEST_ID_HEADER) or "")


@signals.task_postrun.connect
def release_the_request_id(**_: Any) -> None:
    """A worker's thread goes back to having no request."""
    bind_request_id("")


@signals.task_prerun.connect
@signals.task_postrun.connect
def close_old_connections_only(**_: Any) -> None:
    """As around a web request: a connection that is too old or broken goes, the others serve the thread's next task.

    Celery's own closes all of them before and after every task (CELERY_DB_REUSE_MAX keeps it from that), and a new one
    costs PostgreSQL a process and a password check: more than the rest of a short job.
    """
    close_old_connections()


@signals.setup_logging.connect
def log_as_the_others_do(**_: Any) -> None:
    """Celery would give its loggers handlers of its own, past the filters, and the root a level of its own."""
    configure(settings.LOGGING)


task_watch.connect()
