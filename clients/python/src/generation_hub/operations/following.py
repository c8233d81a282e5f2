"""Following a generation by server-sent events."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar, Unpack

from generation_hub.decoding import decoded
from generation_hub.encoding import Known, at
from generation_hub.errors import BadAnswer, HubError, HubUnreachable, RequestRefused
from generation_hub.exchange import opened
from generation_hub.operations.orders import GENERATIONS, Order, order_request
from generation_hub.options import Options
from generation_hub.plan import Answer, Emit, Flow, Pause, Request, Step, read
from generation_hub.problems import error_of
from generation_hub.shapes.work import Delta, Generation, StatusChange
from generation_hub.sse import Decoder, ServerSentEvent

T = TypeVar("T")
Event: TypeAlias = StatusChange | Delta | Generation

MEDIA_TYPE = "text/event-stream"
LAST, PROBLEM = "generation", "problem"
_EVENTS: Mapping[str, type[Event]] = {"status": StatusChange, "delta": Delta, LAST: Generation}
_PARTS: Mapping[str, type[Delta | Generation]] = {"delta": Delta, LAST: Generation}


def events(options: Options, generation: Known, *, last_event_id: str | None = None) -> Flow[Event]:
    """Each change of status, each delta of a text that is streamed, and last the generation as it ended.

    A broken connection is taken up where it broke; after the `last_event_id` of the last event there is nothing.
    """
    progress = _Progress(path=at(GENERATIONS, generation, "/events"), last_id=last_event_id or "")
    return _followed(options, progress.request(), progress, _EVENTS)


def stream(options: Options, **order: Unpack[Order]) -> Flow[Delta | Generation]:
    """Submits a generation, whose text comes in deltas as the model writes it, and last the generation as it ended.

    It is submitted when the first of them is asked for. A broken connection is taken up where it broke. To stop early,
    close the stream; the generation goes on unless it is canceled.
    """
    return _followed(options, order_request(order), _Progress(), _PARTS)


@dataclass
class _Progress:
    """What was received so far, from which a broken stream goes on."""

    path: str = ""
    last_id: str = ""
    breaks: int = 0
    ended: bool = False
    decoder: Decoder = field(default_factory=Decoder)

    def request(self) -> Request:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        return Request(method="GET", path=self.path, headers=headers)

    def begin(self, answer: Answer) -> None:
        """A new connection; that of an order says where its generation is."""
        if not answer.headers.get("content-type", "").startswith(MEDIA_TYPE):
            raise BadAnswer("The hub answered with something else than a stream of events.", status=answer.status)
        self.path = self.path or at(GENERATIONS, answer.headers.get("location", "").rpartition("/")[2], "/events")
        self.decoder = Decoder()

    def saw(self, event: ServerSentEvent) -> None:
        self.last_id = event.id
        self.breaks = 0
        self.ended = event.event == LAST


def _followed(options: Options, request: Request, progress: _Progress, shapes: Mapping[str, type[T]]) -> Flow[T]:
    """Emits the events that `shapes` names, over as many connections as it takes; others are of a newer hub."""
    while not progress.ended:
        headers = {**request.headers, "Accept": MEDIA_TYPE}
        answer = yield from opened(options, replace(request, headers=headers, silence=options.timeouts.events))
        if answer.status == 204:
            return
        progress.begin(answer)
        broken = yield from _heard(progress, shapes)
        if broken is not None:
            progress.breaks += 1
            if progress.breaks >= options.retry.attempts or isinstance(broken, RequestRefused):
                raise broken
            yield Pause(_pause(options, progress))
            request = progress.request()


def _heard(progress: _Progress, shapes: Mapping[str, type[T]]) -> Generator[Step | Emit[T], Any, HubError | None]:
    """Emits what one connection brings; why it broke before the last event, None after that."""
    try:
        while (piece := (yield from read())) is not None:
            for event in progress.decoder.feed(piece):
                if event.event == PROBLEM:
                    return _problem(event)
                progress.saw(event)
                if shape := shapes.get(event.event):
                    yield Emit(decoded(shape, _data(event)))
                if progress.ended:
                    return None
    except HubUnreachable as error:
        return error
    return HubUnreachable("The stream of events ended before the generation did.")


def _pause(options: Options, progress: _Progress) -> float:
    """As long as the stream said; longer when that was tried in vain."""
    said = progress.decoder.retry_seconds
    grown = options.retry.pause(progress.breaks) or 0.0
    return grown if said is None else said if progress.breaks == 1 else max(said, grown)


def _problem(event: ServerSentEvent) -> HubError:
    """Why the hub can tell no more: the problem document that the generation would be answered with."""
    data = _data(event)
    status = data.get("status") if isinstance(data, dict) else None
    headers = {"content-type": "application/problem+json"}
    return error_of(
        Answer(status=status if isinstance(status, int) else 500, headers=headers, body=event.data.encode())
    )


def _data(event: ServerSentEvent) -> object:
    try:
        return json.loads(event.data)
    except ValueError as error:
        raise BadAnswer(f"The data of the event {event.id} is no JSON.") from error
