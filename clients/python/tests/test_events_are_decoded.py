"""Server-sent events, however the network cuts them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generation_hub.sse import Decoder, ServerSentEvent


def decoded(*pieces: bytes) -> list[ServerSentEvent]:
    decoder = Decoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


STREAM = (
    "\ufeffretry: 2000\n\n"
    "id: 1\nevent: status\ndata: {}\n\n"
    ": a heartbeat\n\n"
    'id: 2.5-0\r\nevent: delta\r\ndata: {"text": "Grüße, 海"}\r\n\r\n'
    "data: no name\rdata:of two lines\r\r"
    "id: 3\nevent: generation\ndata:  led by a blank\n\n"
    "data: broken off\n"
)
EXPECTED = [
    ServerSentEvent(event="status", data="{}", id="1"),
    ServerSentEvent(event="delta", data='{"text": "Grüße, 海"}', id="2.5-0"),
    ServerSentEvent(event="message", data="no name\nof two lines", id="2.5-0"),
    ServerSentEvent(event="generation", data=" led by a blank", id="3"),
]


def test_every_form_that_the_standard_allows_is_read() -> None:
    assert decoded(STREAM.encode()) == EXPECTED


@given(cuts=st.lists(st.integers(0, len(STREAM.encode())), max_size=8))
def test_it_does_not_matter_where_the_stream_is_cut(cuts: list[int]) -> None:
    content = STREAM.encode()
    ends = [0, *sorted(cuts), len(content)]
    assert decoded(*(content[start:end] for start, end in zip(ends, ends[1:], strict=False))) == EXPECTED


def test_the_pause_that_the_stream_asks_for_is_known() -> None:
    decoder = Decoder()
    assert decoder.retry_seconds is None
    list(decoder.feed(b"retry: soon\nretry: 250\n"))
    assert decoder.retry_seconds == 0.25


def test_an_event_without_data_is_none_and_leaves_no_name_behind() -> None:
    assert decoded(b"event: status\n\ndata: x\n\n") == [ServerSentEvent(event="message", data="x", id="")]


def test_an_id_with_a_null_is_ignored() -> None:
    assert decoded(b"id: 1\ndata: a\n\nid: 2\x00\ndata: b\n\n")[1].id == "1"
