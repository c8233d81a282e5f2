"""Reads the entries in their order, with the seals over them open beside, and names every row that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import DateTimeField, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import timezone

from audit.entries import Entry, entries_by_id, read_entries
from audit.models import AuditLog, AuditSeal
from audit.sealing import unpacked
from audit.seals import Span, by_time
from audit.tally import Finding, Tally

PAGE = 4096
# The clock seals at least once a day.
LONGEST_WAIT = timedelta(hours=26)
NEVER = datetime.min.replace(tzinfo=UTC)
# Rows whose place in time was changed are met twice; beyond so many of them they are named twice.
MOST_REMEMBERED = 10_000
KEPT_SEALS = 8


@dataclass(slots=True)
class OpenSeal:
    """A seal whose entries are being met. What is older than `passed_over` should be in a seal before it."""

    number: int
    last_at: datetime
    passed_over: datetime
    left: int


@dataclass(frozen=True, slots=True)
class Known:
    """A seal that was looked up by its number."""

    is_chosen: bool
    is_purged: bool
    leaves: dict[UUID, bytes]


class EntryScan:
    """One pass over the rows of `span`."""

    def __init__(
        self,
        span: Span,
        tally: Tally,
        *,
        since: datetime | None,
        until: datetime | None,
        tick: Callable[[], None],
    ) -> None:
        self._span, self._tally, self._tick = span, tally, tick
        self._since, self._until = since, until
        self._seals = by_time(span.chosen)
        self._next = next(self._seals, None)
        self._open: list[OpenSeal] = []
        self._expected: dict[UUID, tuple[int, bytes, OpenSeal]] = {}
        self._named: set[UUID] = set()
        self._known: dict[int, Known | None] = {}
        self._passed_over = self._limit(span.last)

    def findings(self) -> Iterator[Finding]:
        """Every row that does not fit, and every gap, in the order in which they are met."""
        for page in self._pages():
            for entry in page:
                self._open_until(entry.created_at)
                yield from self._look(entry)
            yield from self._close_before(page[-1].created_at)
            self._tick()
        self._open_until(datetime.max.replace(tzinfo=UTC))
        yield from self._close_before(datetime.max.replace(tzinfo=UTC))
        yield from self._unsealed_too_long()

    def _pages(self) -> Iterator[list[Entry]]:
        rows, behind = self._rows(), Q()
        while True:
            page = [entry for entry, _ in read_entries(rows.filter(behind)[:PAGE])]
            if page:
                yield page
            if len(page) < PAGE:
                return
            last = page[-1]
            moment = Cast(Value(last.created_text), DateTimeField())
            behind = Q(created_at__gte=moment) & ~Q(created_at=moment, id__lte=last.id)

    def _rows(self) -> QuerySet[AuditLog]:
        """All, or those of the time asked for and of the whole of every seal that reaches into it."""
        rows = AuditLog.objects.order_by("created_at", "id")
        if self._since is not None:
            rows = rows.filter(created_at__gte=min(self._since, self._span.first_at or self._since))
        if self._until is not None:
            rows = rows.filter(created_at__lte=max(self._until, self._span.last_at or self._until))
        return rows

    def _open_until(self, moment: datetime | None) -> None:
        while moment is not None and self._next is not None and self._next.first_at <= moment:
            self._open_seal(self._next)
            self._next = next(self._seals, None)

    def _open_seal(self, seal: AuditSeal) -> None:
        if seal.leaves is None:
            self._tally.purged += seal.count
            return
        leaves = unpacked(bytes(seal.leaves))
        opened = OpenSeal(seal.number, seal.last_at, self._limit(seal.number - 1), len(leaves))
        self._open.append(opened)
        self._expected.update({id: (place, leaf, opened) for place, (id, leaf) in enumerate(leaves, start=1)})

    def _limit(self, number: int) -> datetime:
        """What comes to light after that seal and is older than this was not there when it was made."""
        covered = AuditSeal.objects.filter(number=number).values_list("covers_until", flat=True).first()
        return covered - timedelta(seconds=settings.AUDIT_LATE_SECONDS) if covered else NEVER

    def _look(self, entry: Entry) -> Iterator[Finding]:
        found = self._expected.pop(entry.id, None)
        if found is None:
            yield from self._unexpected(entry)
            return
        place, leaf, seal = found
        seal.left -= 1
        self._tally.entries += 1
        where = f"place {place} of seal {seal.number}"
        if entry.leaf != leaf:
            yield self._changed(entry, where)
        elif entry.seal_number != seal.number:
            yield Finding("mark_changed", f"{entry}, {where}: its row says seal {entry.seal_number}")
        elif entry.created_at is None or entry.created_at < seal.passed_over:
            yield _backdated(entry, f"came to light for seal {seal.number} only")

    def _unexpected(self, entry: Entry) -> Iterator[Finding]:
        if entry.seal_number is None:
            yield from self._unsealed(entry)
        elif entry.seal_number > self._span.last and self._seal(entry.seal_number) is not None:
            self._tally.wait_for_seal(None)
        else:
            yield from self._of_no_open_seal(entry, entry.seal_number)

    def _unsealed(self, entry: Entry) -> Iterator[Finding]:
        if self._is_outside(entry):
            return
        self._tally.wait_for_seal(entry.created_at)
        if entry.created_at is None or entry.created_at < self._passed_over:
            yield _backdated(entry, f"is in no seal, though seal {self._span.last} took what there was then")

    def _is_outside(self, entry: Entry) -> bool:
        is_before = self._since is not None and entry.created_at is not None and entry.created_at < self._since
        return is_before or (
            self._until is not None and entry.created_at is not None and entry.created_at >= self._until
        )

    def _of_no_open_seal(self, entry: Entry, number: int) -> Iterator[Finding]:
        seal = self._seal(number)
        if seal is None:
            yield Finding("seal_missing", f"{entry}: its row says seal {number}, and there is no such seal")
        elif not seal.is_chosen:
            return
        elif seal.is_purged:
            yield Finding("inserted", f"{entry}: its row says seal {number}, whose entries were purged")
        elif entry.id not in seal.leaves:
            yield Finding(
                "inserted", f"{entry}: its row says seal {number}, which does not know it: it was put in afterwards"
            )
        elif seal.leaves[entry.id] != entry.leaf and entry.id not in self._named:
            yield self._changed(entry, f"of seal {number}")

    def _seal(self, number: int) -> Known | None:
        if number not in self._known:
            if len(self._known) >= KEPT_SEALS:
                self._known.pop(next(iter(self._known)))
            self._known[number] = self._looked_up(number)
        return self._known[number]

    def _looked_up(self, number: int) -> Known | None:
        seal = AuditSeal.objects.filter(number=number).first()
        if seal is None:
            return None
        leaves = {} if seal.leaves is None else dict(unpacked(bytes(seal.leaves)))
        is_chosen = self._span.chosen.filter(number=number).exists()
        return Known(is_chosen, seal.leaves is None, leaves)

    def _close_before(self, moment: datetime | None) -> Iterator[Finding]:
        """Seals whose time is over: what they know and nobody has met is gone, or was given another time."""
        if moment is None:
            return
        over = [seal for seal in self._open if seal.last_at < moment]
        self._open = [seal for seal in self._open if seal.last_at >= moment]
        for seal in over:
            if seal.left:
                yield from self._not_met(seal)

    def _not_met(self, seal: OpenSeal) -> Iterator[Finding]:
        left = {id: place for id, (place, _, owner) in self._expected.items() if owner is seal}
        leaves = {id: self._expected.pop(id)[1] for id in left}
        there = entries_by_id(left)
        for id, place in left.items():
            where = f"place {place} of seal {seal.number}"
            if id not in there:
                yield Finding("removed", f"entry {id}, {where}: removed")
            elif there[id].leaf != leaves[id] and id not in self._named:
                yield self._changed(there[id], where)

    def _changed(self, entry: Entry, where: str) -> Finding:
        if len(self._named) < MOST_REMEMBERED:
            self._named.add(entry.id)
        return Finding("changed", f"{entry}, {where}: changed since it was sealed")

    def _unsealed_too_long(self) -> Iterator[Finding]:
        oldest = self._tally.oldest_pending
        if oldest is not None and timezone.now() - oldest > LONGEST_WAIT:
            number, since = self._tally.pending, f"{oldest:%Y-%m-%d %H:%M} UTC"
            remedy = "does the clock run? `manage.py seal_audit` seals them now"
            yield Finding("not_sealed", f"{number} entries have no seal, the oldest of {since}: {remedy}")


def _backdated(entry: Entry, what: str) -> Finding:
    usual = "it was put in afterwards, or written by a host whose clock was slow"
    return Finding("backdated", f"{entry}: {what}: {usual}")
