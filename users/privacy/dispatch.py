"""Sends the work on privacy requests to the workers: by name, as who carries one step out sends the next one."""

from __future__ import annotations

from uuid import UUID

from celery import current_app

from hub.common.request_id import current_request_id
from hub.common.tasks import REQUEST_ID_HEADER

EXPORT, ERASE, FINISH = "users.build_export", "users.erase", "users.finish_erasure"
REVOKE = "users.revoke_token"


def offer(task: str, *, request_id: UUID) -> None:
    """Sends it now. Raises kombu's OperationalError when the broker is away: the sweep sends it then."""
    _send(task, request_id=str(request_id))


def offer_revocation(*, revocation_id: UUID) -> None:
    """Has a worker ask a provider again to end a token. Raises as offer."""
    _send(REVOKE, revocation_id=str(revocation_id))


def _send(task: str, **ids: str) -> None:
    current_app.send_task(task, kwargs=ids, headers={REQUEST_ID_HEADER: current_request_id()})
