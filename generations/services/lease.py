"""Who works on a job: a lease in the row, renewed while its worker lives, free again soon after it died."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.db.models.functions import Now
from django.utils import timezone

from generations import due
from generations.due import Due
from generations.live import feed
from generations.models import Generation
from generations.services import admission
from generations.services.admission import Lane
from generations.webhooks import outbox
from hub.common.ids import uuid7

logger = logging.getLogger(__name__)
RENEWALS_PER_LEASE = 3


class LeaseLost(Exception):
    """Another worker has taken the job, or it has ended: whatever this worker still knows of it must not be written."""


@dataclass(frozen=True, slots=True)
class Job:
    """A generation as it was when the lease was taken, and the token that every later write is conditional on."""

    generation: Generation
    token: UUID


def take(*, generation_id: UUID) -> Job | None:
    """The lease on an open, admitted, free and due job by one conditional update; None when it is not to be had.

    Nor is it when this very process is at work on the job and only late in renewing: on a starved or paused machine
    leases run out, and whoever asks here knows better than to take itself for dead.
    """
    if _keeper.is_at_work_on(generation_id):
        return None
    token = uuid7()
    taken = (
        Generation.objects.open()
        .admitted()
        .free()
        .due()
        .filter(id=generation_id)
        .update(lease_token=token, lease_expires_at=Now() + timedelta(seconds=settings.LEASE_SECONDS))
    )
    if not taken:
        return None
    return Job(generation=Generation.objects.get(id=generation_id), token=token)


def look_later(*, generation_id: UUID) -> None:
    """A job that could not be taken: wants a look when its lease or its pause ends, or none when it has ended or is
    held back. The looks at these two put right what a crash left of its lane."""
    found = (
        Generation.objects.filter(id=generation_id)
        .values("owner_id", "kind", "status", "admitted_at", "lease_expires_at", "next_check_at")
        .first()
    )
    if found is None:
        for kind in Generation.Kind.values:
            due.remove(generation_id=generation_id, kind=kind)
        return
    kind, lane = found["kind"], Lane(found["owner_id"], found["kind"])
    if found["status"] not in Generation.OPEN:
        # Its last worker may have died between the commit and the sending of what it had to tell.
        outbox.dispatch(generation_id=generation_id)
        feed.tell(generation_id=generation_id, status=found["status"])
        admission.wake(lane)
        due.remove(generation_id=generation_id, kind=kind)
        return
    if found["admitted_at"] is None:
        due.remove(generation_id=generation_id, kind=kind)
        admission.wake(lane)
        return
    until = max(moment for moment in (found["lease_expires_at"], found["next_check_at"], timezone.now()) if moment)
    seconds = (until - timezone.now()).total_seconds() + 1
    due.schedule(generation_id=generation_id, kind=kind, in_seconds=seconds)


def confirm(job: Job) -> None:
    """For a worker that may have been paused for long; raises LeaseLost when the job has gone to another one."""
    if not Generation.objects.filter(id=job.generation.id, lease_token=job.token).exists():
        raise LeaseLost(str(job.generation.id))


def renew(jobs: Collection[Job]) -> int:
    """Puts off the end of the leases that are still held; how many. A second call puts it off further.

    By primary key: tokens have no index, and a look for them alone would read every job that there ever was.
    """
    ids, tokens = [job.generation.id for job in jobs], [job.token for job in jobs]
    held = Generation.objects.filter(id__in=ids, lease_token__in=tokens)
    return held.update(lease_expires_at=Now() + timedelta(seconds=settings.LEASE_SECONDS))


def release(job: Job, *, wait_seconds: float) -> None:
    """Gives the job back, to be looked at in `wait_seconds`; does nothing when the lease was lost."""
    _keeper.discard(job)
    Generation.objects.filter(id=job.generation.id, lease_token=job.token).update(
        lease_token=None, lease_expires_at=None, next_check_at=Now() + timedelta(seconds=wait_seconds)
    )
    _look_again(job, in_seconds=wait_seconds)


def ended(job: Job, promoted: Sequence[UUID]) -> None:
    """The job has ended: nobody needs to look at it again. Those that its end promoted take its place."""
    _keeper.discard(job)
    admission.send(Lane.of(job.generation), promoted, ended=job.generation.id)


@contextmanager
def kept(job: Job) -> Iterator[None]:
    """Renews the lease while the body runs. What the body leaves open is looked at again when the lease runs out."""
    _keeper.add(job)
    try:
        yield
    finally:
        _keeper.discard(job)


def _look_again(job: Job, *, in_seconds: float) -> None:
    try:
        due.schedule(generation_id=job.generation.id, kind=job.generation.kind, in_seconds=in_seconds)
    except redis.RedisError:
        logger.warning("job %s is left to the sweep: Redis is away", job.generation.id)


def _put_off(jobs: Iterable[Job]) -> None:
    """Nobody needs to look before the lease could have run out."""
    looks = [Due(kind=job.generation.kind, generation_id=job.generation.id) for job in jobs]
    try:
        due.put_off(looks, in_seconds=settings.LEASE_SECONDS + 1)
    except redis.RedisError:
        logger.warning("%d running jobs are left to the sweep: Redis is away", len(looks))


class _Keeper:
    """One thread for all leases of this process. It asks nothing of anybody while there are none."""

    def __init__(self) -> None:
        self._jobs: dict[UUID, Job] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, job: Job) -> None:
        with self._changed:
            self._jobs[job.token] = job
            self._start()
            self._changed.notify()
        # Not under the lock: whoever waits for a Redis that hangs must not keep leases from being renewed.
        _put_off([job])

    def is_at_work_on(self, generation_id: UUID) -> bool:
        """Whether a thread of this process is. Without the lock, which a Redis that hangs may keep for a while."""
        return any(job.generation.id == generation_id for job in tuple(self._jobs.values()))

    def discard(self, job: Job) -> None:
        with self._changed:
            self._jobs.pop(job.token, None)

    def _start(self) -> None:
        # Made where it is needed: a thread does not survive a fork.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._jobs))
            time.sleep(settings.LEASE_SECONDS / RENEWALS_PER_LEASE)
            try:
                self._renew()
            except DatabaseError as error:
                logger.warning("leases could not be renewed, trying again: %s", type(error).__name__)

    def _renew(self) -> None:
        with self._changed:
            jobs = list(self._jobs.values())
        if not jobs:
            return
        close_old_connections()
        renew(jobs)
        with self._changed:
            # Under the lock: a job given back meanwhile has its own next look, which must not be put off.
            _put_off(self._jobs.values())


_keeper = _Keeper()
