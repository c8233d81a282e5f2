"""Range headers, as RFC 9110 reads them."""

from __future__ import annotations

import pytest

from media.api.ranges import Span, is_current, wanted_span
from media.errors import RangeNotSatisfiable


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=2-4", Span(2, 3)),
        ("bytes=2-", Span(2, 8)),
        ("bytes=9-", Span(9, 1)),
        ("bytes=5-999", Span(5, 5)),
        ("bytes=-3", Span(7, 3)),
        ("bytes=-999", Span(0, 10)),
        ("BYTES=0-1", Span(0, 2)),
    ],
)
def test_it_finds_the_part(header: str, span: Span) -> None:
    assert wanted_span(header=header, size=10) == span


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=4-2",
        "bytes=0-1,3-4",
        "lines=0-1",
        "bytes=٣-٤",
        "bytes=0x1-2",
    ],
)
def test_it_ignores_what_it_does_not_understand(header: str) -> None:
    assert wanted_span(header=header, size=10) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_it_refuses_a_part_beyond_the_end(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        wanted_span(header=header, size=size)
    assert caught.value.headers == {"Content-Range": f"bytes */{size}"}


@pytest.mark.parametrize(
    ("header", "current"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("", False), ("a", False)],
)
def test_it_compares_tags_weakly(header: str, current: bool) -> None:
    assert is_current(if_none_match=header, etag='"a"') is current
