"""The ways to send a job to the workers. By the task's name: whoever carries a job out may send the next one off."""

from __future__ import annotations

from uuid import UUID

from celery import current_app
from django.db import transaction

from hub.common.request_id import current_request_id
from hub.common.tasks import REQUEST_ID_HEADER

ADVANCE = "generations.advance"


def offer(*, generation_id: UUID, kind: str) -> None:
    """Sends the job to the workers of its kind, now. Raises kombu's OperationalError when the broker is away."""
    headers = {REQUEST_ID_HEADER: current_request_id()}
    current_app.send_task(ADVANCE, kwargs={"generation_id": str(generation_id)}, queue=kind, headers=headers)


def offer_on_commit(*, generation_id: UUID, kind: str) -> None:
    """Sends the job once its row can be seen. A broker that is away then is logged: the due set has the job too."""
    transaction.on_commit(lambda: offer(generation_id=generation_id, kind=kind), robust=True)
