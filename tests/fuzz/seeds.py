"""What is there before the run, made through REST: something for every id that a path, a query or a body can name."""

from __future__ import annotations

import json
from typing import Any

from tests.files import picture
from tests.receiver import Receiver
from tests.stack import HubStack, eventually
from tests.stack.client import GENERATIONS

TEXT, PICTURE, FILM = "gemini-3.8-flash", "imagen-4.0-generate-001", "gemini-omni-1.2-flash"
ENDPOINTS, KEYS, QUOTES = "/api/v1/webhook-endpoints", "/api/v1/api-keys", "/api/v1/quotes"
STREAM = "text/event-stream"
# Each is used up by the first call that reaches it. An account has no more than 20 endpoints.
SPARE, SPARE_ENDPOINTS = 10, 6

Dictionaries = dict[str, list[str]]


def seed(stack: HubStack, receiver: Receiver) -> Dictionaries:
    """The dictionaries of schemathesis.toml by name."""
    endpoints = _endpoints(stack, receiver)
    generations = _generations(stack)
    files = [_uploaded(stack) for _ in range(2)]
    made = stack.rich.generation(generations[1])["outputs"][0]["media_id"]
    return {
        "generations": generations,
        "endless_generations": [stack.rich.submit(FILM, f"[[fault:never_ends]] {each}") for each in range(SPARE)],
        "files": [*files, made],
        "spare_files": [_uploaded(stack) for _ in range(SPARE)],
        **endpoints,
        "deliveries": _deliveries(stack),
        "exports": [_exported(stack)],
        "quotes": [_posted(stack, QUOTES, {"model": TEXT, "prompt": "The sea."}, "quote_id") for _ in range(2)],
        "models": [model["id"] for model in stack.rich.call("GET", "/api/v1/models").json["results"]],
        "preferences": ["wait=1", "respond-async, wait=2"],
        "urls": [f"{receiver.url}/{number}" for number in range(3)],
        # Last, and so the newest, to which the link from the list of keys leads: or the run might revoke its own.
        "keys": [_key(stack, "lasting") for _ in range(2)],
        "spare_keys": [_key(stack, "spare") for _ in range(SPARE)],
    }


def as_toml(dictionaries: Dictionaries) -> str:
    """The section for schemathesis's file: a list of strings is written alike in JSON and in TOML."""
    return "".join(f"\n[dictionaries.{name}]\nvalues = {json.dumps(ids)}\n" for name, ids in dictionaries.items())


def _posted(stack: HubStack, path: str, body: Any, field: str = "id") -> str:
    answer = stack.rich.call("POST", path, body)
    assert answer.status == 201, answer.body
    return str(answer.json[field])


def _key(stack: HubStack, name: str) -> str:
    return _posted(stack, KEYS, {"name": name, "scopes": ["usage:read"]})


def _endpoints(stack: HubStack, receiver: Receiver) -> Dictionaries:
    def endpoint(*events: str) -> str:
        return _posted(stack, ENDPOINTS, {"url": f"{receiver.url}/hook", "events": list(events)})

    return {
        "endpoints": [endpoint("generation.succeeded", "generation.failed")],
        # Of events that are rare, or each job would be told to all of them.
        "changing_endpoints": [endpoint("generation.canceled") for _ in range(2)],
        "spare_endpoints": [endpoint("generation.canceled") for _ in range(SPARE_ENDPOINTS)],
    }


def _generations(stack: HubStack) -> list[str]:
    """A text that was streamed and a picture, which succeeded, and a picture that failed."""
    streamed = stack.rich.call("POST", GENERATIONS, {"model": TEXT, "prompt": "A lighthouse."}, Accept=STREAM)
    assert streamed.status == 200, streamed.body
    ids = [streamed.headers["location"].rpartition("/")[2]]
    ids += [stack.rich.submit(PICTURE, "A lighthouse."), stack.rich.submit(PICTURE, "[[fault:400]]")]
    for generation_id, status in zip(ids, ("succeeded", "succeeded", "failed"), strict=True):
        stack.wait_for(generation_id, status)
    return ids


def _uploaded(stack: HubStack) -> str:
    boundary = "a-boundary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="photo.png"\r\n\r\n'
    body = head.encode() + picture() + f"\r\n--{boundary}--\r\n".encode()
    answer = stack.rich.send(body, f"multipart/form-data; boundary={boundary}", "/api/v1/media")
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


def _exported(stack: HubStack) -> str:
    """Built and ready. (What keeps the run from erasing its account is the jobs that never end.)"""
    answer = stack.rich.call("POST", "/api/v1/me/export", {})
    assert answer.status == 202, answer.body
    where = f"/api/v1/me/privacy-requests/{answer.json['id']}"
    eventually(lambda: stack.rich.call("GET", where).json["status"] == "done", "the export")
    return str(answer.json["id"])


def _deliveries(stack: HubStack) -> list[str]:
    """Those of the three jobs, once they have arrived."""

    def delivered() -> list[str]:
        found = stack.rich.call("GET", "/api/v1/webhook-deliveries?state=delivered").json["results"]
        return [each["id"] for each in found]

    return eventually(lambda: ids if len(ids := delivered()) >= 3 else None, "the deliveries") or []
