"""From a request to its answer: the one place that knows the order of things.

A call that starts work is listed first, then its fault is chosen, then the work is done and billed, then the
answer is spoilt if the fault says so. Nothing here touches a socket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from generations.simulator import gemini, interactions, operations, predictions, routes
from generations.simulator.errors import Refusal, error_answer
from generations.simulator.faults import FOREVER, Fault
from generations.simulator.models import MODELS, model_named
from generations.simulator.orders import prompt_of
from generations.simulator.routes import Target
from generations.simulator.state import Ask, Simulator
from generations.simulator.wire import Answer, Delivery, Request, as_json, snake_keys

SPOILT = {"reset_after": Delivery.RESET, "truncated": Delivery.TRUNCATED}
NOT_JSON = b'{"candidates": [{"content": {"role": "model", "parts": [{"te'

Work = Callable[[Simulator, Ask], Answer]
WORK: Mapping[str, Work] = {
    "generateContent": gemini.generate,
    "streamGenerateContent": gemini.stream,
    "interactions": interactions.create,
    "predict": predictions.predict,
    "predictLongRunning": operations.start,
}
COUNTED = {
    "countTokens": "counts",
    "fetchPredictOperation": "polls",
    "operations.get": "polls",
    "interactions.get": "polls",
    "interactions.cancel": "cancels",
    "interactions.delete": "deletes",
    "files.delete": "deletes",
    "files.download": "downloads",
}


def handle(simulator: Simulator, request: Request) -> Answer:
    """Never raises for what a client sent: a Refusal becomes an answer of the shape of its route."""
    if request.path.startswith("/_simulator/"):
        return _control(simulator, request)
    target = routes.find(request.method, request.path)
    if target is None:
        return error_answer(Refusal(404, f"{request.method} {request.path} was not found."), interactions=False)
    if target.starts_work:
        return _start(simulator, request, target)
    simulator.calls.count(COUNTED.get(target.verb, "gets"))
    return _answered(lambda: _look(simulator, request, target), target)


def _answered(work: Callable[[], Answer], target: Target) -> Answer:
    """A field of the wrong JSON type anywhere in a body is the client's fault, and is answered as such."""
    try:
        return work()
    except Refusal as refusal:
        return error_answer(refusal, interactions=target.of_interactions)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        flaw = Refusal(400, f"Invalid JSON payload received: {error!r}")
        return error_answer(flaw, interactions=target.of_interactions)


def _control(simulator: Simulator, request: Request) -> Answer:
    if (request.method, request.path) == ("GET", "/_simulator/calls"):
        simulator.settle()
        return as_json(simulator.calls.as_json())
    if (request.method, request.path) == ("DELETE", "/_simulator/calls"):
        simulator.reset()
        return as_json({})
    if (request.method, request.path) == ("GET", "/_simulator/health"):
        return as_json({"status": "ok"})
    return error_answer(Refusal(404, f"{request.method} {request.path} was not found."), interactions=False)


def _authorise(request: Request, target: Target) -> None:
    """Any key or token will do, but only in a header, where Google wants it too."""
    bearer = request.headers.get("authorization", "")
    if request.headers.get("x-goog-api-key") or bearer.removeprefix("Bearer ").strip():
        return
    if target.enterprise:
        raise Refusal(401, "Request is missing required authentication credential.")
    raise Refusal(403, "Method doesn't allow unregistered callers. Please use API Key or other form of identity.")


def _look(simulator: Simulator, request: Request, target: Target) -> Answer:
    """What only reads, or forgets."""
    _authorise(request, target)
    looks: dict[str, Callable[[], Answer]] = {
        "countTokens": lambda: gemini.count_tokens(model_named(target.name), _body(request)),
        "models.list": lambda: gemini.list_models(enterprise=target.enterprise, query=request.query),
        "models.get": lambda: as_json(model_named(target.name).as_json(enterprise=target.enterprise)),
        "fetchPredictOperation": lambda: operations.poll(simulator, str(_body(request).get("operation_name", ""))),
        "operations.get": lambda: operations.poll(simulator, target.name),
        "interactions.get": lambda: interactions.get(simulator, target.name, request.query),
        "interactions.cancel": lambda: interactions.cancel(simulator, target.name),
        "interactions.delete": lambda: interactions.delete(simulator, target.name),
        "files.get": lambda: as_json(simulator.files.describe(target.name)),
        "files.download": lambda: simulator.files.download(target.name),
        "files.delete": lambda: _delete_file(simulator, target.name),
    }
    if target.verb not in looks:
        raise Refusal(404, f"The method {target.verb} is not simulated.")
    return looks[target.verb]()


def _delete_file(simulator: Simulator, id: str) -> Answer:
    simulator.files.delete(id)
    return as_json({})


def _start(simulator: Simulator, request: Request, target: Target) -> Answer:
    """Lists the call, then does it. Whatever becomes of it, the call says how it was answered."""
    body, flaw = _body_or_flaw(request)
    name = str(body.get("model") or "") if target.of_interactions else target.name
    model = MODELS.get(name.rpartition("/")[2])
    call = simulator.calls.open(
        method=request.method,
        path=request.path,
        model=model.id if model else name,
        attempt=request.headers.get("x-hub-attempt"),
        kind=model.kind if model else "",
    )

    def work() -> Answer:
        _authorise(request, target)
        if flaw:
            raise flaw
        return _work(simulator, request, Ask(target=target, model=model_named(name), body=body, call=call))

    answer = _answered(work, target)
    answer.delay += simulator.settings.latency
    answer.call = call
    simulator.calls.note(call, status=answer.outcome)
    return answer


def _work(simulator: Simulator, request: Request, ask: Ask) -> Answer:
    header = request.headers.get("x-simulator-fault", "")
    fault = simulator.faults.choose(prompt=prompt_of(ask.body), header=header)
    if fault is None:
        return WORK[ask.target.verb](simulator, ask)
    simulator.calls.note(ask.call, fault=fault.text)
    fault.refuse()
    if fault.name == "reset_before":
        return Answer(delivery=Delivery.RESET)
    if _hangs_unworked(ask, fault):
        return Answer(delivery=Delivery.HANG, hang=fault.option("seconds", FOREVER))
    return _spoil(WORK[ask.target.verb](simulator, replace(ask, fault=fault)), fault)


def _hangs_unworked(ask: Ask, fault: Fault) -> bool:
    background = bool(ask.body.get("background")) and not ask.body.get("stream")
    lasting = ask.target.verb == "predictLongRunning" or background
    return (fault.name == "hang" and not fault.option("after", 0)) or (fault.name == "never_ends" and not lasting)


def _spoil(answer: Answer, fault: Fault) -> Answer:
    """The faults that come after the work, and are the same for every family."""
    answer.delivery = SPOILT.get(fault.name, answer.delivery)
    if fault.name == "hang":
        answer.delivery, answer.hang = Delivery.HANG, fault.option("seconds", FOREVER)
    if fault.name == "slow":
        _slow(answer, fault.option("seconds", 5))
    if fault.name == "bad_json" and answer.events is not None:
        answer.events = (*answer.events[:1], b"data: " + NOT_JSON + b"\r\n\r\n")
    elif fault.name == "bad_json":
        answer.body = NOT_JSON
    return answer


def _slow(answer: Answer, seconds: float) -> None:
    if answer.events is None:
        answer.delay += seconds
    else:
        answer.pause = seconds / max(1, len(answer.events))


def _body_or_flaw(request: Request) -> tuple[Mapping[str, Any], Refusal | None]:
    try:
        return _body(request), None
    except Refusal as flaw:
        return {}, flaw


def _body(request: Request) -> Mapping[str, Any]:
    """The JSON object that was sent, its keys in snake_case; raises Refusal (400)."""
    try:
        body = json.loads(request.raw or b"{}")
    except ValueError:
        raise Refusal(400, "Invalid JSON payload received.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid JSON payload received: it must be an object.")
    renamed: Mapping[str, Any] = snake_keys(body)
    return renamed
