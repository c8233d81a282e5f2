from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import types

ROOT = Path(__file__).parents[3]
KEY = {"x-goog-api-key": "test-key"}


PICTURE = {"response_format": {"type": "image"}}
FILM = {"response_format": {"type": "video", "delivery": "uri", "duration": "3s"}, "background": True}


def contents(prompt: str) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}


def starting(family: str, prompt: str) -> tuple[str, dict[str, Any]]:
    """(path, body) of a request that starts work of that family."""
    publisher = "/v1beta1/publishers/google/models"
    instance = {"instances": [{"prompt": prompt}], "parameters": {"includeRaiReason": True}}
    requests: dict[str, tuple[str, dict[str, Any]]] = {
        "text": ("/v1/models/gemini-3.8-flash:generateContent", contents(prompt)),
        "stream": ("/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse", contents(prompt)),
        "image": ("/v1/models/gemini-3.1-flash-image:generateContent", contents(prompt)),
        "interaction": ("/v1/interactions", {"model": "gemini-3.8-flash", "input": prompt}),
        "picture": ("/v1/interactions", {"model": "gemini-3.1-flash-image", "input": prompt, **PICTURE}),
        "song": ("/v1/interactions", {"model": "lyria-3.5", "input": prompt}),
        "film": ("/v1/interactions", {"model": "gemini-omni-1.2-flash", "input": prompt, **FILM}),
        "imagen": (f"{publisher}/imagen-4.0-generate-001:predict", instance),
        "clip": (f"{publisher}/lyria-002:predict", {"instances": [{"prompt": prompt}]}),
        "veo": (f"{publisher}/veo-3.1-generate-001:predictLongRunning", instance),
    }
    return requests[family]


FAMILIES = ("text", "stream", "image", "interaction", "picture", "song", "film", "imagen", "clip", "veo")
AT_ONCE = tuple(family for family in FAMILIES if family not in {"film", "veo"})
LASTING = ("film", "veo")


@dataclass
class Running:
    """A simulator in a process of its own; `post` and `get` speak plain HTTP, `calls` is what it was asked."""

    url: str
    http: httpx2.Client

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return self.http.post(self.url + path, json=body, headers=KEY | headers)

    def get(self, path: str) -> httpx2.Response:
        return self.http.get(self.url + path, headers=KEY)

    def start(self, family: str, prompt: str) -> httpx2.Response:
        return self.post(*starting(family, prompt))

    def poll(self, family: str, started: httpx2.Response) -> dict[str, Any]:
        """The operation or the interaction as it is now."""
        if family == "film":
            found: dict[str, Any] = self.get(f"/v1/interactions/{started.json()['id']}").json()
            return found
        name = started.json()["name"]
        path = f"/v1beta1/publishers/google/models/{name.split('/')[-3]}:fetchPredictOperation"
        polled: dict[str, Any] = self.post(path, {"operationName": name}).json()
        return polled

    def finish(self, family: str, started: httpx2.Response) -> dict[str, Any]:
        """The same when it has ended."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = self.poll(family, started)
            if found.get("done") or found.get("status", "in_progress") != "in_progress":
                return found
            time.sleep(0.05)
        raise AssertionError(f"{found} did not end")

    def calls(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.http.get(f"{self.url}/_simulator/calls").json()["calls"]
        return listed

    def totals(self) -> dict[str, Any]:
        totals: dict[str, Any] = self.http.get(f"{self.url}/_simulator/calls").json()["totals"]
        return totals

    def only_call(self) -> dict[str, Any]:
        [call] = self.calls()
        return call

    def ask(self, prompt: str, *, model: str = "gemini-3.8-flash", **config: Any) -> httpx2.Response:
        body = {"contents": [{"role": "user", "parts": [{"text": prompt}]}], "generationConfig": config}
        return self.post(f"/v1/models/{model}:generateContent", body)


def start_process(*options: str, ready_file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "generations.simulator", "--port", "0", "--ready-file", str(ready_file), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while not ready_file.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


@pytest.fixture(scope="package")
def process_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    ready_file = tmp_path_factory.mktemp("simulator") / "ready.json"
    process = start_process("--latency", "0.01", "--operation-seconds", "0.4", ready_file=ready_file)
    yield json.loads(ready_file.read_text())["url"]
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture
def simulator(process_url: str) -> Iterator[Running]:
    """The shared process with nothing counted yet."""
    with httpx2.Client(timeout=30) as http:
        http.delete(f"{process_url}/_simulator/calls").raise_for_status()
        yield Running(process_url, http)


def _options(url: str) -> types.HttpOptions:
    return types.HttpOptions(base_url=url, timeout=30_000, retry_options=types.HttpRetryOptions(attempts=1))


@pytest.fixture
def gemini(simulator: Running) -> Iterator[genai.Client]:
    """The real SDK in API-key mode."""
    with genai.Client(api_key="test-key", http_options=_options(simulator.url)) as client:
        yield client


@pytest.fixture
def enterprise(simulator: Running) -> Iterator[genai.Client]:
    """The real SDK in enterprise mode with an API key (express)."""
    with genai.Client(enterprise=True, api_key="test-key", http_options=_options(simulator.url)) as client:
        yield client
