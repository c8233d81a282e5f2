"""The task of this app."""

from __future__ import annotations

import logging

from celery import shared_task

from audit.errors import TrailBroken
from audit.scheduled import export_scheduled, note_failed
from hub.common.errors import ServiceUnavailable

EXPORT_CHECKPOINT = "audit.export_checkpoint"
logger = logging.getLogger(__name__)


@shared_task(name=EXPORT_CHECKPOINT)
def export_checkpoint(**_: object) -> None:
    """Writes the checkpoint of the day. A second run finds it there; what fails is tried again an hour later."""
    try:
        name = export_scheduled()
    except (OSError, ServiceUnavailable, TrailBroken) as error:
        logger.error("the audit trail's checkpoint could not be written: %s", getattr(error, "detail", error))
        note_failed()
        return
    logger.info("the audit trail's checkpoint: %s", name or "nothing new")
