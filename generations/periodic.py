"""What the clock does from time to time. It asks Redis, so that an idle database sleeps."""

from __future__ import annotations

import time

from celery import current_app
from django.conf import settings

from audit import scheduled
from audit.sealing import seal_next
from audit.tasks import EXPORT_CHECKPOINT
from generations import due
from generations.purging.daily import PURGE
from generations.services import recover
from generations.webhooks import outbox
from hub.common.redis import redis_client
from media.removing import may_be_left
from users.privacy import sweeping, watch

LAST_SWEEP_KEY = "hub:sweep:last"
LAST_SEAL_KEY = "hub:audit-seal:last"
LAST_PURGE_KEY = "hub:purge:last"
DAY_SECONDS = 24 * 3600


def sweep_is_due() -> bool:
    """The last sweep is SWEEP_SECONDS ago and there are jobs, objects to remove, or privacy requests: without any of
    them nothing could be stuck."""
    is_old = _age(LAST_SWEEP_KEY) >= settings.SWEEP_SECONDS
    return is_old and (due.waiting() > 0 or may_be_left() or watch.may_be_open())


def run_sweep() -> int:
    """Sweeps jobs, webhooks and privacy requests and notes when; returns how many jobs are in the due set."""
    found = recover.sweep()
    outbox.sweep()
    sweeping.sweep()
    redis_client().set(LAST_SWEEP_KEY, str(time.time()))
    return found


def sealing_is_due() -> bool:
    """AUDIT_SEAL_SECONDS after the last time while jobs wait, so that the database is awake anyway; else once a day."""
    age = _age(LAST_SEAL_KEY)
    return age >= DAY_SECONDS or (age >= settings.AUDIT_SEAL_SECONDS and due.waiting() > 0)


def run_sealing() -> int:
    """One seal over audit entries, at most; returns over how many. When more may be left, the next tick goes on."""
    # Should it fail, it is tried again after AUDIT_SEAL_SECONDS, and not at every tick.
    redis_client().set(LAST_SEAL_KEY, str(time.time() - DAY_SECONDS + settings.AUDIT_SEAL_SECONDS))
    sealed = seal_next()
    if sealed.is_full:
        redis_client().delete(LAST_SEAL_KEY)
    else:
        redis_client().set(LAST_SEAL_KEY, str(time.time()))
        if sealed.count:
            _send_checkpoint()
    return sealed.count


def _send_checkpoint() -> None:
    """Has a worker write the checkpoint of the day, once a day: the database is awake, and everything is sealed."""
    if scheduled.is_due():
        scheduled.note_sent()
        current_app.send_task(EXPORT_CHECKPOINT)


def purging_is_due() -> bool:
    """Once a day, and only when the database is awake anyway: for jobs, or because it is to be sealed now."""
    return _age(LAST_PURGE_KEY) >= DAY_SECONDS and (due.waiting() > 0 or sealing_is_due())


def send_purges() -> list[str]:
    """Has a worker run what PURGE_DAILY names; returns their names. What fails is tried again the next day.

    To be called before `run_sealing`: then it is due again when that is due again.
    """
    redis_client().set(LAST_PURGE_KEY, str(time.time()))
    for name in settings.PURGE_DAILY:
        current_app.send_task(PURGE, kwargs={"name": name})
    return list(settings.PURGE_DAILY)


def _age(key: str) -> float:
    last = redis_client().get(key)
    return float("inf") if last is None else time.time() - float(str(last))
