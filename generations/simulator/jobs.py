"""Work that takes time: it moves by the clock, whether or not anybody looks."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from generations.simulator.calls import Call, Ledger

KEEP = 10_000

Detail = TypeVar("Detail")


class State(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED_PROMPT = "blocked_prompt"
    BLOCKED_OUTPUT = "blocked_output"
    CANCELED = "canceled"


@dataclass(slots=True)
class Job(Generic[Detail]):
    """`ending` is how it ends at `due` (monotonic seconds); `units` is what it bills when it ends in a billed way."""

    id: str
    call: Call
    units: Mapping[str, int]
    due: float
    ending: State
    bills: bool
    detail: Detail
    created: str
    canceled: bool = False

    def state(self) -> State:
        if self.canceled:
            return State.CANCELED
        return State.RUNNING if time.monotonic() < self.due else self.ending


class Jobs(Generic[Detail]):
    """Jobs by id, the oldest forgotten after 10,000; safe in threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: OrderedDict[str, Job[Detail]] = OrderedDict()
        self._open: dict[str, Job[Detail]] = {}
        self._lock = threading.RLock()

    def start(
        self,
        *,
        id: str,
        call: Call,
        units: Mapping[str, int],
        seconds: float,
        ending: State,
        bills: bool,
        detail: Detail,
    ) -> Job[Detail]:
        """`seconds` 0 is done at once; infinity never ends. `bills` says whether `ending` is charged."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        job = Job(id, call, units, time.monotonic() + seconds, ending, bills, detail, now)
        with self._lock:
            self._kept[id] = self._open[id] = job
            while len(self._kept) > KEEP:
                self._kept.popitem(last=False)
        self.settle()
        return job

    def find(self, id: str) -> Job[Detail] | None:
        self.settle()
        with self._lock:
            return self._kept.get(id)

    def cancel(self, job: Job[Detail]) -> None:
        """Nothing happens to one that ended already."""
        with self._lock:
            self.settle()
            if job.id in self._open:
                job.canceled = True
                del self._open[job.id]

    def remove(self, id: str) -> bool:
        """Forgets it; one still running goes on and is billed when it ends."""
        with self._lock:
            return self._kept.pop(id, None) is not None

    def settle(self) -> None:
        """Bills what has ended since the last look; called before anything is told about jobs or calls."""
        with self._lock:
            ended = [job for job in self._open.values() if job.state() is not State.RUNNING]
            for job in ended:
                del self._open[job.id]
                if job.bills:
                    self._ledger.bill(job.call, job.units)
