"""Seals what older keys have sealed with the first key, online, in batches, each a step for good."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.common.keyring import NotSealed, SealBroken, reseal, sealed_with
from hub.common.sealed_columns import UNREADABLE, Found, SealedTable
from hub.common.swapping import Swap

# A row that was locked or changed while it was its turn is looked at again, after a while, so many times.
ROUNDS = 6
PAUSE_SECONDS = 0.5
# Told after each batch: the table and how many values were rewritten in it.
Progress = Callable[[str, int], None]
Place = tuple[str, str, str]


@dataclass
class Outcome:
    """Values by (table, column, key): rewritten, and not opened by the key that they name. `left` are rows that were in
    use each time; `conflicts` are pairs of rows that hold one value, which a unique index must refuse.
    """

    rewritten: Counter[Place] = field(default_factory=Counter)
    broken: Counter[Place] = field(default_factory=Counter)
    left: int = 0
    conflicts: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do."""
        return not (self.left or self.broken or self.conflicts)

    def add(self, other: Outcome) -> None:
        """Counts what another part of the run did."""
        self.rewritten += other.rewritten
        self.broken += other.broken
        self.left += other.left
        self.conflicts += other.conflicts


def found_in(counts: Counter[Place]) -> list[Found]:
    """The same, sorted."""
    return [Found(*place, values) for place, values in sorted(counts.items())]


def in_rounds(one_round: Callable[[], Outcome]) -> Outcome:
    """Repeats it until nothing is left or ROUNDS are over; what was broken in the last round is broken."""
    whole = Outcome()
    for number in range(ROUNDS):
        done = one_round()
        whole.rewritten += done.rewritten
        whole.broken, whole.left, whole.conflicts = done.broken, done.left, done.conflicts
        if not done.left:
            break
        time.sleep(PAUSE_SECONDS * number)
    return whole


def reseal_table(table: SealedTable, *, rows: int, progress: Progress) -> Outcome:
    """Every value of the table that the first key has not sealed; a second run finds none and writes nothing.

    Raises UnknownKey. Killed at any moment, what was committed stays; one batch at most is to be done again.
    """
    done = Counter[Place]()

    def one_round() -> Outcome:
        found, after = Outcome(), None
        while page := table.stale_page(after=after, rows=rows):
            after = page[-1][0]
            found.add(_reseal_page(table, page))
            progress(table.name, (done + found.rewritten).total())
        done.update(found.rewritten)
        return found

    return in_rounds(one_round)


def _reseal_page(table: SealedTable, page: Sequence[tuple[Any, tuple[bytes | None, ...]]]) -> Outcome:
    outcome = Outcome()
    swaps = [Swap(key, values, _resealed(table, values, outcome)) for key, values in page]
    wanted = [swap for swap in swaps if any(swap.new)]
    swapped = table.columns.swap(wanted) if wanted else set()
    outcome.left = len(wanted) - len(swapped)
    for swap in wanted:
        if swap.key in swapped:
            outcome.rewritten.update(_places(table, swap))
    return outcome


def _resealed(table: SealedTable, values: Sequence[bytes | None], outcome: Outcome) -> tuple[bytes | None, ...]:
    new: list[bytes | None] = []
    for column, purpose, value in zip(table.columns.names, table.purposes, values, strict=True):
        try:
            new.append(None if value is None else reseal(value, purpose=purpose))
        except SealBroken as error:
            outcome.broken[table.name, column, error.kid] += 1
            new.append(None)
        except NotSealed:
            outcome.broken[table.name, column, UNREADABLE] += 1
            new.append(None)
    return tuple(new)


def _places(table: SealedTable, swap: Swap) -> list[Place]:
    together = zip(table.columns.names, swap.former, swap.new, strict=True)
    return [(table.name, column, sealed_with(former)) for column, former, new in together if former and new]
