"""How many requests are allowed in how long, as a setting says it."""

from __future__ import annotations

import re
from typing import NamedTuple

_FORM = re.compile(r"(\d{1,12})/(\d{1,12})(?:/(\d{1,12}))?", re.ASCII)
MICROSECONDS = 1_000_000
# More a second than microseconds, or an empty bucket that takes longer to fill: nobody means that.
LONGEST_FILL_SECONDS = 86_400
WANTED = f"REQUESTS/SECONDS or REQUESTS/SECONDS/BURST, such as 6000/60, full again within {LONGEST_FILL_SECONDS} s"


class Rate(NamedTuple):
    """`requests` in any `seconds` on the average, and at most `burst` at once; all above zero."""

    requests: int
    seconds: int
    burst: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """`REQUESTS/SECONDS[/BURST]`; the burst is as many as REQUESTS unless it is given. Raises ValueError."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError(text)
        requests, seconds = int(found[1]), int(found[2])
        rate = cls(requests, seconds, int(found[3] or requests))
        if min(rate) < 1 or requests > seconds * MICROSECONDS or rate.fill > LONGEST_FILL_SECONDS * MICROSECONDS:
            raise ValueError(text)
        return rate

    @property
    def interval(self) -> int:
        """Microseconds until one request comes back, rounded up: nobody gets more than was said."""
        return -(-self.seconds * MICROSECONDS // self.requests)

    @property
    def fill(self) -> int:
        """Microseconds until an empty bucket is full again."""
        return self.interval * self.burst
