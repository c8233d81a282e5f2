"""A client of the hub's REST API on the wire."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

GENERATIONS = "/api/v1/generations"


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """One account, by its key; a connection for every call, so that it may be used from any thread."""

    base_url: str
    id: str
    api_key: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """`body` goes as JSON; names of headers have underscores for dashes."""
        url = urlsplit(path if "://" in path else self.base_url + path)
        sent = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
        try:
            target = url.path + (f"?{url.query}" if url.query else "")
            connection.request(method, target, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def send(self, body: bytes, content_type: str, path: str) -> Answer:
        """POSTs these very bytes."""
        url = urlsplit(self.base_url + path)
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": content_type}
            connection.request("POST", url.path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, model: str, prompt: str, **parameters: Any) -> Answer:
        """Submits a generation."""
        return self.call("POST", GENERATIONS, {"model": model, "prompt": prompt, "parameters": parameters})

    def submit(self, model: str, prompt: str, **parameters: Any) -> str:
        """Submits a generation that is taken; its id."""
        answer = self.post(model, prompt, **parameters)
        assert answer.status == 202, answer.body
        return str(answer.json["id"])

    def generation(self, generation_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"{GENERATIONS}/{generation_id}")
        assert answer.status == 200, answer.body
        shown: dict[str, Any] = answer.json
        return shown

    def cancel(self, generation_id: str) -> Answer:
        return self.call("POST", f"{GENERATIONS}/{generation_id}/cancel", {})
