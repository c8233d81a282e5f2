"""Holds the trail against its seals: every row once, in constant memory; says what is wrong and where.

What is written, sealed or blanked meanwhile does not disturb it: it checks the seals that were there when it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from audit.merkle import root_of
from audit.models import AuditExport, AuditSeal
from audit.scanning import EntryScan
from audit.sealing import NOTHING_BEFORE, hash_of, unpacked
from audit.seals import Span, by_number, span_of
from audit.tally import Finding, Tally

__all__ = ["Finding", "Tally", "Verification"]


@dataclass(frozen=True, slots=True)
class Link:
    """What the next seal must follow."""

    number: int
    hash: bytes
    trail: object


class Verification:
    """One check of the whole trail, or of the seals with entries written at or after `since` and before `until`.

    `findings` gives what is wrong, first the seals in their order, then the entries in theirs; empty when all is well.
    `tally` counts meanwhile; `tick` is called after each page of rows.
    """

    def __init__(
        self, *, since: datetime | None = None, until: datetime | None = None, tick: Callable[[], None] = lambda: None
    ) -> None:
        self.tally = Tally()
        self._since, self._until, self._tick = since, until, tick

    def findings(self) -> Iterator[Finding]:
        """Reads while it is iterated over; a second call checks anew and counts on."""
        span = span_of(since=self._since, until=self._until)
        yield from self._chain(span)
        yield from EntryScan(span, self.tally, since=self._since, until=self._until, tick=self._tick).findings()
        if self._since is None and self._until is None:
            yield from _exports(span)

    def _chain(self, span: Span) -> Iterator[Finding]:
        link = _before(span.first_number)
        for seal in by_number(span.first_number, span.last_number):
            yield from _not_following(seal, link)
            yield from _not_whole(seal)
            link = Link(seal.number, bytes(seal.hash), seal.trail)
            self.tally.seals += 1


def _before(number: int) -> Link | None:
    """What the seal of that number follows; None when that is not there."""
    if number == 1:
        return Link(0, NOTHING_BEFORE, None)
    seal = AuditSeal.objects.only("number", "hash", "trail").filter(number=number - 1).first()
    return Link(seal.number, bytes(seal.hash), seal.trail) if seal else None


def _not_following(seal: AuditSeal, link: Link | None) -> Iterator[Finding]:
    if link is None or seal.number != link.number + 1:
        missing = f"from {link.number + 1} to {seal.number - 1}" if link else f"before {seal.number}"
        yield Finding("seal_missing", f"seals are missing: {missing}")
    elif bytes(seal.previous) != link.hash:
        yield Finding(
            "chain_broken", f"seal {seal.number} does not follow from seal {link.number}: one of them was changed"
        )
    elif link.trail not in (None, seal.trail):
        yield Finding("chain_broken", f"seal {seal.number} is of another trail than seal {link.number}")


def _not_whole(seal: AuditSeal) -> Iterator[Finding]:
    if hash_of(seal) != bytes(seal.hash):
        yield Finding("seal_changed", f"seal {seal.number} was changed: its header does not give its hash")
    if seal.leaves is None:
        return
    leaves = [leaf for _, leaf in unpacked(bytes(seal.leaves))]
    if len(leaves) != seal.count:
        yield Finding("seal_changed", f"seal {seal.number} was changed: it counts {seal.count} and holds {len(leaves)}")
    elif root_of(leaves) != bytes(seal.root):
        yield Finding("seal_changed", f"seal {seal.number} was changed: its entries' hashes do not give its root")


def _exports(span: Span) -> Iterator[Finding]:
    """Seals that were exported must be there as they were: a tail that was cut with its seals is missed here."""
    for export in AuditExport.objects.order_by("created_at", "id").iterator(chunk_size=500):
        if export.last_number > span.last and AuditSeal.objects.filter(number=export.last_number).exists():
            continue
        found = AuditSeal.objects.filter(number=export.last_number).values_list("hash", flat=True).first()
        when = f"exported on {export.created_at:%Y-%m-%d %H:%M} UTC"
        if found is None:
            yield Finding("tail_cut", f"seal {export.last_number}, {when}, is not there: the trail was cut")
        elif bytes(found) != bytes(export.last_hash):
            yield Finding("seal_changed", f"seal {export.last_number} is not the one that was {when}")
