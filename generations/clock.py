"""The clock: sends due jobs and daily purges to the workers, runs the periodic sweep, seals the audit trail and
counts for /metrics.

It looks at Redis, not at PostgreSQL.
"""

from __future__ import annotations

import logging
import threading
import time

import redis
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from kombu.exceptions import OperationalError as BrokerError

from generations import dispatch, due, figures, periodic
from generations.models import Generation
from generations.webhooks import due as webhooks_due
from generations.webhooks import tasks as webhook_tasks
from hub.common.ids import uuid7
from hub.common.redis import redis_client
from hub.metrics import failures

logger = logging.getLogger(__name__)

LEADER_KEY = "hub:clock:leader"
LEADER_SECONDS = 10
TAKE_AT_MOST = 200
# The clock does not fill a queue of the broker beyond this: a job that waits in the due set is one entry, not many.
LONGEST_QUEUE = 1000
AWAY_SECONDS = 1.0

# Extends the lock when it is ours, takes it when it is nobody's.
_LEAD = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""


class Clock:
    """Ticks until `stop`. A second clock waits behind the lock and takes over when the first one is gone."""

    def __init__(self) -> None:
        self.name = str(uuid7())
        self._stopped = threading.Event()
        self._must_sweep = True

    def stop(self) -> None:
        """Ends `run` after the tick it is in."""
        self._stopped.set()

    def run(self) -> None:
        """Ticks every CLOCK_TICK_SECONDS; waits while Redis or the database is away, and sweeps when they are back."""
        while not self._stopped.is_set():
            pause = settings.CLOCK_TICK_SECONDS
            try:
                self.tick()
            except (redis.RedisError, BrokerError, DatabaseError) as error:
                logger.warning("the clock waits: %s", type(error).__name__)
                if isinstance(error, DatabaseError):
                    failures.note(error)
                self._must_sweep = True
                pause = max(pause, AWAY_SECONDS)
            self._stopped.wait(pause)
        self._resign()

    def tick(self) -> None:
        """One look: nothing but Redis when nothing is due."""
        if not redis_client().eval(_LEAD, 1, LEADER_KEY, self.name, LEADER_SECONDS):
            self._must_sweep = True
            return
        if self._must_sweep or due.was_lost() or periodic.sweep_is_due():
            self._sweep()
        self._send_due()
        self._send_due_webhooks()
        if periodic.purging_is_due():
            logger.info("purges sent to the workers: %s", ", ".join(periodic.send_purges()))
        if periodic.sealing_is_due():
            self._seal()
        if figures.are_due():
            self._count()

    def _count(self) -> None:
        close_old_connections()
        figures.count()

    def _seal(self) -> None:
        close_old_connections()
        started = time.monotonic()
        if sealed := periodic.run_sealing():
            logger.info("audit: %d entries sealed in %.1f s", sealed, time.monotonic() - started)
            figures.have_changed()

    def _sweep(self) -> None:
        close_old_connections()
        # The mark first: what is emptied while the sweep runs is then seen at the next tick.
        due.mark_kept()
        started = time.monotonic()
        found = periodic.run_sweep()
        self._must_sweep = False
        figures.have_changed()
        logger.info("sweep: %d admitted jobs in %.1f s", found, time.monotonic() - started)

    def _send_due(self) -> None:
        ready = due.take(limit=TAKE_AT_MOST, put_off_seconds=settings.REDISPATCH_SECONDS)
        if not ready:
            return
        room = {kind: LONGEST_QUEUE - int(redis_client().llen(kind)) for kind in Generation.Kind.values}
        for job in ready:
            if room.get(job.kind, 0) > 0:
                dispatch.offer(generation_id=job.generation_id, kind=job.kind)
                room[job.kind] -= 1

    def _send_due_webhooks(self) -> None:
        ready = webhooks_due.take(limit=TAKE_AT_MOST, put_off_seconds=settings.REDISPATCH_SECONDS)
        if not ready:
            return
        room = LONGEST_QUEUE - int(redis_client().llen(webhook_tasks.QUEUE))
        for delivery_id in ready[: max(room, 0)]:
            webhook_tasks.offer(delivery_id=delivery_id)

    def _resign(self) -> None:
        try:
            if redis_client().get(LEADER_KEY) == self.name:
                redis_client().delete(LEADER_KEY)
        except redis.RedisError:
            logger.info("the lock of the clock ends by itself in %d s", LEADER_SECONDS)
