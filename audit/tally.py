"""What a check of the trail has seen, and what it has to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `code` never changes, `text` names the row or the gap."""

    code: str
    text: str


@dataclass(slots=True)
class Tally:
    """How much was checked. `pending`: entries that wait for their seal; `purged`: those of seals that were purged."""

    seals: int = 0
    entries: int = 0
    pending: int = 0
    purged: int = 0
    oldest_pending: datetime | None = None

    def wait_for_seal(self, written: datetime | None) -> None:
        """One more that has no seal yet."""
        self.pending += 1
        if written is not None and (self.oldest_pending is None or written < self.oldest_pending):
            self.oldest_pending = written
