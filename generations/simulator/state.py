"""Everything one simulator remembers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generations.simulator.calls import Call, Ledger
from generations.simulator.faults import Fault, FaultBook
from generations.simulator.files import Files, StoredFile
from generations.simulator.jobs import Jobs, State
from generations.simulator.models import Model
from generations.simulator.orders import Order
from generations.simulator.routes import Target
from generations.simulator.studio import Media, Product

PREFIX_TOKENS = 1024
CACHED_FROM = 2048


@dataclass(frozen=True, slots=True)
class Settings:
    """Seconds: `latency` of a call that is answered at once, `operation_seconds` of one that runs in the background."""

    latency: float = 0.05
    operation_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that starts work, with the fault it drew."""

    target: Target
    model: Model
    body: Mapping[str, Any]
    call: Call
    fault: Fault | None = None

    def has(self, *names: str) -> bool:
        return self.fault is not None and self.fault.name in names

    @property
    def blocks_output(self) -> bool:
        return self.fault is not None and self.fault.blocks_output

    def option(self, key: str, default: float) -> float:
        """An option of its fault."""
        return default if self.fault is None else self.fault.option(key, default)

    def ending(self) -> State:
        """How the work of a job ends under this call's fault."""
        if self.has("fails_late"):
            return State.FAILED
        if self.has("blocked_prompt"):
            return State.BLOCKED_PROMPT
        return State.BLOCKED_OUTPUT if self.blocks_output else State.SUCCEEDED


@dataclass(frozen=True, slots=True)
class Talk:
    """What an interaction is about; `file` is there when its output goes by URI."""

    order: Order
    product: Product
    file: StoredFile | None
    with_usage: bool


@dataclass(frozen=True, slots=True)
class Shoot:
    """What a Veo operation is about; `name` is the whole resource name, `files` is for the Gemini form only."""

    name: str
    films: tuple[Media, ...]
    enterprise: bool
    storage_uri: str
    files: tuple[StoredFile, ...]


class Simulator:
    """The state behind the routes; each part is safe in threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.calls = Ledger()
        self.faults = FaultBook()
        self.files = Files()
        self.interactions: Jobs[Talk] = Jobs(self.calls)
        self.operations: Jobs[Shoot] = Jobs(self.calls)
        self._seen: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._lock = threading.Lock()

    def remembered_tokens(self, order: Order) -> int:
        """The implicit cache: from 2,048 text tokens on, a prompt seen before counts as cached in steps of 1,024."""
        tokens, key = order.tokens["TEXT"], (order.model.id, hash(order.prompt))
        if tokens < CACHED_FROM or order.cached:
            return order.cached
        with self._lock:
            seen = key in self._seen
            self._seen[key] = None
            if len(self._seen) > 1000:
                self._seen.popitem(last=False)
        return (tokens - 1) // PREFIX_TOKENS * PREFIX_TOKENS if seen else 0

    def settle(self) -> None:
        """Bills every job that has ended by now."""
        self.interactions.settle()
        self.operations.settle()

    def reset(self) -> None:
        """A clean slate for the next test: calls, their totals and the counts of faults; jobs and files stay."""
        self.calls.reset()
        self.faults.reset()
