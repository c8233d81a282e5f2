"""The purges that the clock has run once a day, under the periods that are set."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from django.conf import settings

from audit.purge_runs import CLOCK, run_audited
from generations.purging.names import purge_idempotency_keys
from generations.purging.prompts import purge_prompts
from hub.common.errors import HubError
from hub.common.purging import DEFAULT_BATCH, Purge
from media.purging import purge_media
from usage.purging import purge_usage_logs
from users.purging.dormant import purge_dormant_users
from users.purging.sessions import purge_sessions
from users.purging.trail import purge_audit_logs

PURGE = "generations.purge"
logger = logging.getLogger(__name__)
_DAILY: Mapping[str, Callable[[], Purge]] = {
    "purge_sessions": lambda: purge_sessions(days=settings.PURGE_SESSIONS_DAYS),
    "purge_idempotency_keys": lambda: purge_idempotency_keys(days=settings.PURGE_IDEMPOTENCY_KEYS_DAYS),
    "purge_prompts": lambda: purge_prompts(days=settings.PURGE_PROMPTS_DAYS),
    # Orphans are looked for by the command alone: the store would be asked for every file, every day.
    "purge_media": lambda: purge_media(days=settings.PURGE_MEDIA_ORPHANS_DAYS, orphans=False),
    "purge_usage_logs": lambda: purge_usage_logs(days=settings.PURGE_USAGE_LOGS_DAYS),
    "purge_audit_logs": lambda: purge_audit_logs(days=settings.PURGE_AUDIT_LOGS_DAYS),
    "purge_dormant_users": lambda: purge_dormant_users(
        days=settings.PURGE_DORMANT_USERS_DAYS, grace_days=settings.PURGE_DORMANT_GRACE_DAYS
    ),
}
# One seal is up to 4096 entries.
_BATCHES = {"purge_audit_logs": 1, "purge_dormant_users": 100}


def purge_as_set(*, name: str) -> None:
    """Runs it; what could not be done is logged, and tried again the next day. Raises nothing that is expected."""
    try:
        outcome = run_audited(_DAILY[name](), asked_by=CLOCK, batch=_BATCHES.get(name, DEFAULT_BATCH))
    except HubError as error:
        logger.warning("%s did not run: %s", name, error.code)
        return
    if outcome.failed:
        logger.error("%s could not deal with %d", name, outcome.failed)
    logger.info("%s: %s", name, outcome.counts)
