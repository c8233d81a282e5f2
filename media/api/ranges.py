"""Which bytes a request wants, and whether it has them already (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from media.errors import RangeNotSatisfiable

_ONE_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e]*")')


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes from `start` on."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        """The header that goes with a part of a file of that size."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def wanted_span(*, header: str, size: int) -> Span | None:
    """The part of the file that the `Range` header names; None for all of it.

    A header that is malformed, of another unit, or names several ranges is ignored, as the standard allows. Raises
    RangeNotSatisfiable when nothing of the range is in the file.
    """
    match = _ONE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    if first and last and int(last) < int(first):
        return None
    if start > end or start >= size:
        raise RangeNotSatisfiable(size=size)
    return Span(start, end - start + 1)


def is_current(*, if_none_match: str, etag: str) -> bool:
    """Whether the client's copy is still the file: its tags hold `etag`, compared weakly."""
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)
