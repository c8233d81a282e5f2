"""Which jobs the workers may take: of each user and kind no more at once than a share, so that nobody's thousands keep
another's one waiting.

An admitted job is sent to the workers and stands in the due set. The others of its lane wait in PostgreSQL, where they
cost Redis nothing, and are promoted one by one, oldest first, in the very transaction in which one before them ends.

Who counts or promotes has the lane to itself: submissions and ends change the owner's quota first, and keep its row
locked until they commit. Only around the moment at which all quotas of a user start anew do two of them lock different
rows; then the share may be exceeded by those that met, and the first in line is looked at once more (`wake`).
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import Count, IntegerField, Subquery
from django.db.models.functions import Coalesce, Now
from kombu.exceptions import OperationalError as BrokerError

from generations import dispatch, due
from generations.errors import TooManyJobs
from generations.models import Generation, GenerationQuerySet
from usage import services as usage

logger = logging.getLogger(__name__)


class Place(enum.Enum):
    """Where a submission stands: among those that the workers may take, first of those held back, or further behind."""

    ADMITTED = enum.auto()
    FIRST_IN_LINE = enum.auto()
    IN_LINE = enum.auto()


@dataclass(frozen=True, slots=True)
class Lane:
    """One user's jobs of one kind."""

    owner_id: UUID
    kind: str

    @classmethod
    def of(cls, generation: Generation) -> Lane:
        """The lane that the job is in."""
        return cls(generation.owner_id, generation.kind)

    @property
    def share(self) -> int:
        """How many of it may be admitted at once."""
        return settings.CONCURRENCY_SHARE[self.kind]

    @property
    def most(self) -> int:
        """How many of it may be open at once."""
        return settings.MAX_JOBS_IN_FLIGHT[self.kind]

    def jobs(self) -> GenerationQuerySet:
        """All of them, ended ones too."""
        return Generation.objects.filter(owner_id=self.owner_id, kind=self.kind)

    def line(self) -> GenerationQuerySet:
        """Those held back, oldest first; locked for whoever promotes, and passing over one that is just canceled."""
        return self.jobs().waiting().select_for_update(no_key=True, skip_locked=True, of=("self",))


def find_place(generation: Generation) -> Place:
    """Of a job that was just written as admitted, in its transaction and after its hold; sets it back where the share
    is full. Raises TooManyJobs when too many are open.

    One statement where the share has room, two where not.
    """
    lane = Lane.of(generation)
    found = lane.jobs().open()[: lane.most + 1].aggregate(open=Count("*"), admitted=Count("admitted_at"))
    if found["open"] > lane.most:
        raise TooManyJobs(kind=lane.kind, limit=lane.most, in_flight=found["open"] - 1)
    if found["admitted"] <= lane.share:
        return Place.ADMITTED
    Generation.objects.filter(id=generation.id).update(admitted_at=None)
    generation.admitted_at = None
    return Place.FIRST_IN_LINE if found["open"] == found["admitted"] else Place.IN_LINE


def is_full(lane: Lane) -> bool:
    """Whether one job more would be one too many now; nothing is locked, so a submission decides anew."""
    return lane.jobs().open()[: lane.most].count() >= lane.most


def promote(lane: Lane) -> list[UUID]:
    """Admits as many of those held back as the share has room for, in the caller's transaction and under its lock.

    The caller `send`s them once it has committed. One statement when nobody waits; a second run finds no room.
    """
    in_work = lane.jobs().open().admitted().order_by().values("kind").annotate(number=Count("id")).values("number")
    admitted = Coalesce(Subquery(in_work, output_field=IntegerField()), 0)
    first = lane.line().annotate(admitted=admitted).values_list("id", "admitted").first()
    if first is None:
        return []
    head, already = first
    room = lane.share - already
    if room <= 0:
        return []
    promoted = [head] if room == 1 else list(lane.line().values_list("id", flat=True)[:room])
    Generation.objects.filter(id__in=promoted).update(admitted_at=Now())
    return promoted


def send(lane: Lane, promoted: Sequence[UUID], *, ended: UUID | None = None) -> None:
    """Those that a committed transaction promoted go to the workers, and take the place of `ended` in the due set.

    Without Redis `ended` keeps its place, and the look at it finds them (`wake`); so would the sweep.
    """
    try:
        due.replace(ended, by=promoted, kind=lane.kind, in_seconds=settings.REDISPATCH_SECONDS)
        for generation_id in promoted:
            dispatch.offer(generation_id=generation_id, kind=lane.kind)
    except (redis.RedisError, BrokerError) as error:
        logger.info("%d promoted jobs are left to the due set: %s", len(promoted), type(error).__name__)


def wake(lane: Lane) -> None:
    """Finds what a crash, a lost Redis or a race left behind: promotes whom the share has room for, and notes those
    admitted that nobody has taken and the due set has not. Raises redis.RedisError; may be repeated.
    """
    send(lane, _promote_now(lane))
    ready = lane.jobs().admitted().filter(status=Generation.Status.QUEUED)
    due.add_missing(ready.values_list("id", flat=True), kind=lane.kind)


def wake_all() -> None:
    """Every lane in which somebody waits."""
    lanes = Generation.objects.waiting().order_by().values_list("owner_id", "kind").distinct()
    for owner_id, kind in list(lanes):
        wake(Lane(owner_id, kind))


def _promote_now(lane: Lane) -> list[UUID]:
    head = lane.jobs().waiting().values_list("id", flat=True).first()
    if head is None:
        return []
    with transaction.atomic():
        usage.lock_quota_of(reference=head)
        return promote(lane)
