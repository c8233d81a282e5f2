"""Sends the work on privacy requests to the workers: by name, as who carries one step out sends the next one."""

from __future__ import annotations

from uuid import UUID

from celery import current_app

from hub.common.request_id import current_request_id
from hub.common.tasks import REQUEST_ID_HEADER

EXPORT, ERASE, FINISH = "users.build_export", "users.erase", "users.finish_erasure"


def offer(task: str, *, request_id: UUID) -> None:
    """Sends it now. Raises kombu's OperationalError when the broker is away: the sweep sends it then."""
    headers = {REQUEST_ID_HEADER: current_request_id()}
    current_app.send_task(task, kwargs={"request_id": str(request_id)}, headers=headers)
