"""Server-sent events, from bytes as they come (the WHATWG HTML standard, section 9.2.6)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

_END_OF_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSentEvent:
    """`id` is that of the last event that had one, which is what `Last-Event-ID` resumes from."""

    event: str
    data: str
    id: str


class Decoder:
    """Takes pieces of a stream, cut anywhere; `retry_seconds` is what the stream last said, None until then."""

    def __init__(self) -> None:
        self.retry_seconds: float | None = None
        # Its own decoder drops the byte order mark that may stand in front.
        self._text = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._rest = ""
        self._id = ""
        self._event = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """The events that are complete with this piece; one that the stream breaks off in never is."""
        for line in self._lines(self._text.decode(piece)):
            if line:
                self._take(line)
            else:
                yield from self._dispatch()

    def _lines(self, text: str) -> list[str]:
        self._rest += text
        # A carriage return at the end may be half of an end of line.
        held = "\r" if self._rest.endswith("\r") else ""
        *lines, self._rest = _END_OF_LINE.split(self._rest.removesuffix(held))
        self._rest += held
        return lines

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_seconds = int(value) / 1000

    def _dispatch(self) -> Iterator[ServerSentEvent]:
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        if data:
            yield ServerSentEvent(event=event, data="\n".join(data), id=self._id)
