"""What the clock does from time to time. It asks Redis, so that an idle database sleeps."""

from __future__ import annotations

import time

from django.conf import settings

from generations import due
from generations.services import recover
from generations.webhooks import outbox
from hub.common.redis import redis_client
from media.removing import may_be_left
from users.privacy import sweeping, watch

LAST_SWEEP_KEY = "hub:sweep:last"


def sweep_is_due() -> bool:
    """The last sweep is SWEEP_SECONDS ago and there are jobs, objects to remove, or privacy requests: without any of
    them nothing could be stuck."""
    last = redis_client().get(LAST_SWEEP_KEY)
    is_old = last is None or time.time() - float(str(last)) >= settings.SWEEP_SECONDS
    return is_old and (due.waiting() > 0 or may_be_left() or watch.may_be_open())


def run_sweep() -> int:
    """Sweeps jobs, webhooks and privacy requests and notes when; returns how many jobs are in the due set."""
    found = recover.sweep()
    outbox.sweep()
    sweeping.sweep()
    redis_client().set(LAST_SWEEP_KEY, str(time.time()))
    return found
