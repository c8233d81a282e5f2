"""The base of every Celery task."""

from __future__ import annotations

from typing import Any

from celery.contrib.django.task import DjangoTask

from hub.common.actor import WORKER, acting_as
from hub.common.request_id import current_request_id

REQUEST_ID_HEADER = "hub_request_id"


class HubTask(DjangoTask):  # type: ignore[type-arg]
    """A task that may run twice: acknowledged after it ran, no result kept, the request id in its headers."""

    abstract = True
    acks_late = True
    ignore_result = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs it; what it does is on the audit trail as the worker's, where it names nobody."""
        with acting_as(WORKER):
            return super().__call__(*args, **kwargs)

    def apply_async(self, *args: Any, headers: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        """As Celery's, with the current request id in the message's headers."""
        carried = {REQUEST_ID_HEADER: current_request_id(), **(headers or {})}
        return super().apply_async(*args, headers=carried, **kwargs)
