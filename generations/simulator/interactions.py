"""The Interactions API: create (at once, in the background, as a stream), get, cancel, delete.

How a refusal for safety looks is not documented by Google; here it is a status `failed` with an entry in `errors`: a
blocked prompt has code `prohibited_content` and no model output, a blocked output has code `safety` and a model output
with an error.
"""

from __future__ import annotations

import base64
import math
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any

from generations.simulator import studio
from generations.simulator.errors import Refusal
from generations.simulator.jobs import Job, State
from generations.simulator.orders import of_interaction
from generations.simulator.state import Ask, Simulator, Talk
from generations.simulator.wire import Answer, as_json, as_stream, named_event

STATUS = {
    State.RUNNING: "in_progress",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.BLOCKED_PROMPT: "failed",
    State.BLOCKED_OUTPUT: "failed",
    State.CANCELED: "cancelled",
}
ERRORS = {
    State.FAILED: ("internal", "The interaction failed with an internal error."),
    State.BLOCKED_PROMPT: ("prohibited_content", "The prompt was blocked: PROHIBITED_CONTENT."),
    State.BLOCKED_OUTPUT: ("safety", "The output was blocked: SAFETY."),
}
SIGNATURE = base64.b64encode(b"simulated thought signature").decode()
CHUNKS = 4


def create(simulator: Simulator, ask: Ask) -> Answer:
    ask.model.must_support("createInteraction")
    background, store = bool(ask.body.get("background")), ask.body.get("store", True)
    if background and not store:
        raise Refusal(400, "background=true requires store=true.")
    job = _start(simulator, ask, background=background)
    if not store:
        simulator.interactions.remove(job.id)
    if ask.body.get("stream"):
        return _stream(job, last_event_id="")
    return as_json(_document(job))


def get(simulator: Simulator, id: str, query: Mapping[str, str]) -> Answer:
    """As a stream, it waits for the end of one that runs, and leaves out what came up to `last_event_id`."""
    job = _find(simulator, id)
    if query.get("stream", "").lower() != "true":
        return as_json(_document(job))
    if job.due == math.inf:
        raise Refusal(400, "Simulator: this interaction never ends and cannot be streamed.")
    return _stream(job, last_event_id=query.get("last_event_id", ""))


def cancel(simulator: Simulator, id: str) -> Answer:
    """The interaction as it is afterwards: one that ended before stays as it was."""
    job = _find(simulator, id)
    simulator.interactions.cancel(job)
    return as_json(_document(job))


def delete(simulator: Simulator, id: str) -> Answer:
    _find(simulator, id)
    simulator.interactions.remove(id)
    return as_json({})


def _start(simulator: Simulator, ask: Ask, *, background: bool) -> Job[Talk]:
    order = of_interaction(ask.model, ask.body)
    product = studio.make(order)
    polls = int(ask.fault.option("polls", 2)) if ask.fault and ask.has("file_not_active") else 0
    file = simulator.files.add(product.media, polls=polls) if product.media and order.by_uri else None
    ending, seconds = ask.ending(), simulator.settings.operation_seconds if background else 0.0
    id = "v1_" + secrets.token_hex(16)
    simulator.calls.note(ask.call, operation=id)
    return simulator.interactions.start(
        id=id,
        call=ask.call,
        units=product.units,
        seconds=math.inf if ask.has("never_ends") else seconds,
        ending=ending,
        bills=ending is State.SUCCEEDED or (ending is State.BLOCKED_OUTPUT and product.media is None),
        detail=Talk(order, product, file, with_usage=not ask.has("no_usage")),
    )


def _find(simulator: Simulator, id: str) -> Job[Talk]:
    job = simulator.interactions.find(id)
    if job is None:
        raise Refusal(404, f"Interaction {id} was not found.")
    return job


def _head(job: Job[Talk], status: str) -> dict[str, Any]:
    stamps = {"created": job.created, "updated": job.created}
    return {"id": job.id, "object": "interaction", "status": status, "model": job.detail.order.model.id} | stamps


def _document(job: Job[Talk], state: State | None = None) -> dict[str, Any]:
    state = state or job.state()
    if state in {State.RUNNING, State.CANCELED}:
        return _head(job, STATUS[state])
    document = _head(job, _status(job, state))
    document["steps"] = [{"type": "user_input", "content": [{"type": "text", "text": job.detail.order.prompt}]}]
    document["steps"] += _steps(job, state)
    if state in ERRORS:
        document["errors"] = [dict(zip(("code", "message"), ERRORS[state], strict=True))]
    return document | _usage(job, state) | {"service_tier": "standard"}


def _status(job: Job[Talk], state: State) -> str:
    cut = state is State.SUCCEEDED and job.detail.product.finish == "MAX_TOKENS"
    return "incomplete" if cut else STATUS[state]


def _usage(job: Job[Talk], state: State) -> dict[str, Any]:
    product = job.detail.product
    if not job.detail.with_usage or state is State.FAILED:
        return {}
    usage = product.usage if job.bills else studio.without_output(product)
    return {"usage": usage.of_interaction()}


def _steps(job: Job[Talk], state: State) -> list[dict[str, Any]]:
    """The steps of the model: a thought where it thinks, then its output or the error that came instead."""
    if state is State.BLOCKED_OUTPUT:
        return [{"type": "model_output", "error": {"code": 3, "message": ERRORS[state][1]}}]
    if state is not State.SUCCEEDED:
        return []
    product = job.detail.product
    thought: dict[str, Any] = {"type": "thought", "signature": SIGNATURE}
    if product.thought:
        thought["summary"] = [{"type": "text", "text": product.thought}]
    contents = [{"type": "text", "text": text} for text in product.texts[:1] if text] + _files(job)
    return [thought] * bool(product.usage.thoughts) + [{"type": "model_output", "content": contents}]


def _files(job: Job[Talk]) -> list[dict[str, Any]]:
    media, file = job.detail.product.media, job.detail.file
    if media is None:
        return []
    place = {"uri": file.uri} if file else {"data": base64.b64encode(media.make()).decode()}
    shape = {"sample_rate": 44_100, "channels": 2} if media.family == "audio" else {}
    return [{"type": media.family, "mime_type": media.mime_type, **shape, **place}]


def _stream(job: Job[Talk], *, last_event_id: str) -> Answer:
    events = []
    for number, payload in enumerate(_events(job, job.ending), start=1):
        if number > int(last_event_id.rpartition("-")[2] or 0):
            events.append(named_event(payload["event_type"], payload | {"event_id": f"{job.id}-{number}"}))
    answer = as_stream([*events, named_event("done", "[DONE]")])
    answer.delay = max(0.0, job.due - time.monotonic())
    return answer


def _events(job: Job[Talk], state: State) -> Iterator[dict[str, Any]]:
    yield {"event_type": "interaction.created", "interaction": _head(job, "in_progress")}
    yield {"event_type": "interaction.status_update", "interaction_id": job.id, "status": "in_progress"}
    for index, step in enumerate(_steps(job, state)):
        yield {"event_type": "step.start", "index": index, "step": {"type": step["type"]}}
        for delta in _deltas(step):
            yield {"event_type": "step.delta", "index": index, "delta": delta}
        yield {"event_type": "step.stop", "index": index}
    if state in ERRORS:
        yield {"event_type": "error", "error": dict(zip(("code", "message"), ERRORS[state], strict=True))}
    else:
        interaction = _head(job, _status(job, state)) | _usage(job, state)
        yield {"event_type": "interaction.completed", "interaction": interaction}


def _deltas(step: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for summary in step.get("summary", []):
        yield {"type": "thought_summary", "content": summary}
    if "signature" in step:
        yield {"type": "thought_signature", "signature": step["signature"]}
    for content in step.get("content", []):
        text, size = content.get("text", ""), max(1, -(-len(content.get("text", "")) // CHUNKS))
        yield from [{"type": "text", "text": text[at : at + size]} for at in range(0, len(text), size)] or [content]
