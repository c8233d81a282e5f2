"""The difference between a file of prices and the prices known, and whether it may be carried out. Pure.

The past is fixed: a price that was loaded keeps its amount and its start, and nothing ends or begins before now. Only a
model's unit that never had a price may have one from the past on, so that a first load can say since when it counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from hub.common.money import text
from usage.errors import PriceFileInvalid, PriceHistoryFixed
from usage.price_file import PriceEntry, PriceKey


@dataclass(frozen=True, slots=True)
class KnownPrice:
    """A price that was loaded before."""

    id: UUID
    key: PriceKey
    usd: Decimal
    effective_from: datetime
    effective_to: datetime | None


@dataclass(frozen=True, slots=True)
class NewPrice:
    """An entry to add; it ends at `effective_to`, or (None) stays open."""

    entry: PriceEntry
    effective_to: datetime | None


@dataclass(frozen=True, slots=True)
class Ending:
    """A known price that is to end at `at`."""

    known: KnownPrice
    at: datetime


@dataclass(slots=True)
class PricePlan:
    """What is to be done. `unchanged` counts the file's entries that are loaded already, `absent` the known prices that
    the file does not name: those stay as they are."""

    new: list[NewPrice] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    unchanged: int = 0
    absent: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.new and not self.endings


def plan_of(entries: Iterable[PriceEntry], known: Iterable[KnownPrice], *, now: datetime) -> PricePlan:
    """What brings `known` to `entries`; raises PriceHistoryFixed, or PriceFileInvalid for dates that overlap."""
    plan = PricePlan()
    lines: dict[PriceKey, _Line] = defaultdict(_Line)
    for entry in entries:
        lines[entry.key].entries[entry.effective_from] = entry
    for price in known:
        lines[price.key].known[price.effective_from] = price
    for line in lines.values():
        line.add_to(plan, now)
    return plan


@dataclass(slots=True)
class _Line:
    """One key through time: what the file says and what is known, by start."""

    entries: dict[datetime, PriceEntry] = field(default_factory=dict)
    known: dict[datetime, KnownPrice] = field(default_factory=dict)

    def add_to(self, plan: PricePlan, now: datetime) -> None:
        self._refuse_the_past(now)
        for start, following in self._spans():
            entry, known = self.entries.get(start), self.known.get(start)
            end = _end(entry, known, following)
            if known is None and entry is not None:
                plan.new.append(NewPrice(entry, end))
            elif known is not None:
                plan.unchanged += entry is not None
                plan.absent += entry is None
                plan.endings.extend(_ending(entry, known, end, now))

    def _spans(self) -> Iterator[tuple[datetime, datetime | None]]:
        starts = sorted({*self.entries, *self.known})
        yield from zip(starts, [*starts[1:], None], strict=True)

    def _refuse_the_past(self, now: datetime) -> None:
        past = [entry for start, entry in self.entries.items() if start not in self.known and start < now]
        if self.known and past:
            raise PriceHistoryFixed(
                f"{past[0].key} from {_day(past[0].effective_from)}: that is past and other prices of it were loaded;"
                f" give the new price a start after {_day(now)}."
            )


def _end(entry: PriceEntry | None, known: KnownPrice | None, following: datetime | None) -> datetime | None:
    """When the price that starts here ends: when it says so, else when the next one starts."""
    if entry is not None:
        said = entry.effective_to
        if said and following and said > following:
            raise PriceFileInvalid(
                f"{entry.key} from {_day(entry.effective_from)} ends at {_day(said)},"
                f" after the next one starts at {_day(following)}."
            )
    else:
        said = known.effective_to if known else None
    return min(filter(None, (said, following)), default=None)


def _ending(entry: PriceEntry | None, known: KnownPrice, end: datetime | None, now: datetime) -> Iterator[Ending]:
    if entry is not None and entry.usd != known.usd:
        raise PriceHistoryFixed(
            f"{known.key} from {_day(known.effective_from)} was loaded as {text(known.usd)} and cannot become"
            f" {text(entry.usd)}; add an entry with a later start instead."
        )
    if end == known.effective_to:
        return
    is_past = known.effective_to is not None and known.effective_to <= now
    if is_past or end is None or end < now:
        raise PriceHistoryFixed(
            f"{known.key} from {_day(known.effective_from)}: its end ({_day(known.effective_to)}) cannot become"
            f" {_day(end)}; an end is set once, and only for a moment that lies ahead."
        )
    yield Ending(known, end)


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "open"
