"""The list of what was asked: what a provider would bill, to compare the hub's ledger with."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

KEEP = 100_000


@dataclass(slots=True)
class Call:
    """One call that starts work; `kind` is text, image, video or music, "" for an unknown model.

    `status` is None until it is answered, then a number, "reset", "truncated", "hang", "cut", "stall", or "gone": the
    client left.
    """

    n: int
    at: str
    method: str
    path: str
    model: str
    attempt: str | None
    kind: str
    fault: str | None = None
    status: int | str | None = None
    billable: bool = False
    units: dict[str, int] = field(default_factory=dict)
    operation: str | None = None


FIELDS = tuple(field_.name for field_ in fields(Call))


class Ledger:
    """Every call in order, the oldest dropped after 100,000; safe in threads."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEEP)
        self._others: Counter[str] = Counter()
        self._started = 0
        self._lock = threading.Lock()

    def open(self, *, method: str, path: str, model: str, attempt: str | None, kind: str) -> Call:
        """A new call, listed at once: nothing is done or answered yet."""
        with self._lock:
            self._started += 1
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            call = Call(n=self._started, at=at, method=method, path=path, model=model, attempt=attempt, kind=kind)
            self._calls.append(call)
            return call

    def note(self, call: Call, **facts: Any) -> None:
        with self._lock:
            for name, value in facts.items():
                setattr(call, name, value)

    def bill(self, call: Call, units: Mapping[str, int]) -> None:
        """The work of `call` was done; units of which there are none are left out."""
        self.note(call, billable=True, units={unit: count for unit, count in units.items() if count})

    def count(self, what: str) -> None:
        """One more of a kind that starts no work: polls, gets, downloads, cancels, deletes, counts."""
        with self._lock:
            self._others[what] += 1

    def reset(self) -> None:
        """Forgets the calls; a job still running is billed to a call that is no longer listed."""
        with self._lock:
            self._calls.clear()
            self._others.clear()
            self._started = 0

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            calls = [{name: getattr(call, name) for name in FIELDS} for call in self._calls]
            others, started = dict(self._others), self._started
        return {"calls": calls, "totals": _totals(calls, others) | {"calls": started, "dropped": started - len(calls)}}


def _totals(calls: list[dict[str, Any]], others: Mapping[str, int]) -> dict[str, Any]:
    units: Counter[str] = Counter()
    for call in calls:
        units.update(call["units"])
    named = dict.fromkeys(("polls", "gets", "downloads", "cancels", "deletes", "counts"), 0)
    return {"billable": sum(call["billable"] for call in calls), "units": dict(units), **named, **others}
