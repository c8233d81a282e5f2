"""Takes away what is too old: batch by batch, one run at a time, and a dry run does all of it but for keeping it.

This is the kernel: it knows no table and no app. A purge is made of parts; a part names what is next, by key, and deals
with it. What was dealt with no longer fulfils the part's condition, so a run that died is resumed by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Q, QuerySet

from hub.common.errors import HubError
from hub.common.locks import SideLock

# {table: rows}, and what lies outside of the database under names of its own.
Counts = dict[str, int]
# What a part orders by, the primary key last.
Key = tuple[Any, ...]
Tell = Callable[[str], None]
DEFAULT_BATCH = 500


class PurgeRunning(HubError):
    """Another run of the same purge is at work; this one has ended and left the rest to it."""

    code = "purge_running"
    status = 409
    title = "The purge is running already"
    is_for_operators = True


class PurgeTooLarge(HubError):
    """The purge would deal with more than its ceiling; nothing was done."""

    code = "purge_too_large"
    status = 409
    title = "The purge would hit too many"
    remedy = "Look with --dry-run at what it would do; when that is right, raise --ceiling."
    is_for_operators = True
    fact_names = {"ceiling": "how many were allowed"}


class PurgeImpossible(HubError):
    """What the purge needs is not set up; nothing was done."""

    code = "purge_impossible"
    status = 409
    title = "The purge cannot run"
    is_for_operators = True


@dataclass(slots=True)
class Outcome:
    """What a run did: per table, how many it looked at, and how many it could not deal with (they come again)."""

    counts: Counts = field(default_factory=dict)
    seen: int = 0
    failed: int = 0

    def add(self, counts: Counts) -> None:
        for name, number in counts.items():
            self.counts[name] = self.counts.get(name, 0) + number


class Part(Protocol):
    """One sort of thing that a purge takes away."""

    @property
    def name(self) -> str: ...

    def keys(self, after: Key | None, limit: int) -> Sequence[Key]:
        """At most `limit` that are to be dealt with, in order, after that one."""
        ...

    def carry_out(self, keys: Sequence[Key], *, dry_run: bool) -> Outcome:
        """Deals with them, or, in a dry run, finds out what that would come to. May be repeated."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A part that is rows of one table: each batch is a transaction, which a dry run takes back.

    `rows` is the condition under which a row goes; it holds again at the moment of the change. `act` gets those of a
    batch, changes or deletes them, and says how many rows of which table that were; it speaks to nothing but the
    database, but for what it does on commit.
    """

    name: str
    rows: QuerySet[Any]
    act: Callable[[QuerySet[Any]], Counts]
    order: tuple[str, ...] = ("pk",)

    def keys(self, after: Key | None, limit: int) -> Sequence[Key]:
        rows = self.rows if after is None else self.rows.filter(_later(self.order, after))
        return list(rows.order_by(*self.order).values_list(*self.order)[:limit])

    def carry_out(self, keys: Sequence[Key], *, dry_run: bool) -> Outcome:
        with transaction.atomic():
            counts = self.act(self.rows.filter(pk__in=[key[-1] for key in keys]).order_by())
            transaction.set_rollback(dry_run)
        return Outcome(counts, seen=len(keys))


def _later(order: tuple[str, ...], after: Key) -> Q:
    """Rows behind that key; what is compared first bounds the walk through an index."""
    found = Q()
    for place, column in enumerate(order):
        same = dict(zip(order[:place], after[:place], strict=True))
        found |= Q(**same, **{f"{column}__gt": after[place]})
    return Q(**{f"{order[0]}__gte": after[0]}) & found


@dataclass(frozen=True, slots=True)
class Purge:
    """What one command does: its parts, in their order. `says` is what goes, in words."""

    name: str
    says: str
    parts: Sequence[Part]


def run(
    purge: Purge, *, outcome: Outcome, batch: int, ceiling: int | None, dry_run: bool, tell: Tell = lambda line: None
) -> None:
    """Deals with everything that is to go, and adds it up in `outcome` as it goes.

    Raises PurgeTooLarge, and then nothing was done, and PurgeRunning; what was done until then stays done. Not to be
    called inside a transaction.
    """
    lock = SideLock(f"purge.{purge.name}")
    try:
        with _alone(lock, purge.name):
            _check_ceiling(purge.parts, ceiling)
        for part in purge.parts:
            _run_part(part, lambda: _alone(lock, purge.name), outcome, batch=batch, dry_run=dry_run, tell=tell)
    finally:
        lock.close()


@contextmanager
def _alone(lock: SideLock, name: str) -> Iterator[None]:
    with lock.held() as is_ours:
        if not is_ours:
            raise PurgeRunning(f"{name} is running already; two at once would be in each other's way.")
        yield


def _check_ceiling(parts: Sequence[Part], ceiling: int | None) -> None:
    if ceiling is None:
        return
    left = ceiling
    for part in parts:
        left -= len(part.keys(None, left + 1))
        if left < 0:
            raise PurgeTooLarge(f"There are more than {ceiling} to deal with. Nothing was done.", ceiling=ceiling)


def _run_part(
    part: Part,
    alone: Callable[[], AbstractContextManager[None]],
    outcome: Outcome,
    *,
    batch: int,
    dry_run: bool,
    tell: Tell,
) -> None:
    after, seen = None, 0
    while True:
        with alone():
            keys = part.keys(after, batch)
            if not keys:
                return
            done = part.carry_out(keys, dry_run=dry_run)
        outcome.add(done.counts)
        outcome.seen += done.seen
        outcome.failed += done.failed
        after, seen = keys[-1], seen + len(keys)
        tell(f"{part.name}: {seen} looked at")
        if len(keys) < batch:
            return
