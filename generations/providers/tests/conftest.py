from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from generations import catalogue
from generations.providers import registry
from generations.providers.base import Adapter, Outcome, Pending, ProviderRequest

KEY = "AIzaNotAKeyButLongEnoughToBeOne00000000"
ROOT = Path(__file__).resolve().parents[3]


class Pieces(io.BytesIO):
    """A destination that remembers how large each piece was."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def write(self, data: Any) -> int:
        self.sizes.append(len(data))
        return super().write(data)


@dataclass
class Simulator:
    url: str

    def record(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_simulator/calls", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def calls_of(self, attempt: UUID) -> list[dict[str, Any]]:
        return [call for call in self.record()["calls"] if call["attempt"] == str(attempt)]

    def call_of(self, attempt: UUID) -> dict[str, Any]:
        calls = self.calls_of(attempt)
        assert len(calls) == 1, f"one HTTP attempt, not {len(calls)}"
        return calls[0]


@dataclass
class Job:
    """One request on its way through an adapter, as the flow would take it."""

    request: ProviderRequest
    adapter: Adapter
    operation: str = ""
    looks: int = field(default=0)

    def run(self, *, most_looks: int = 100) -> Outcome:
        outcome = self.adapter.start(self.request)
        while isinstance(outcome, Pending) and self.looks < most_looks:
            self.operation = outcome.operation
            time.sleep(min(outcome.check_after_seconds, 0.1))
            self.looks += 1
            outcome = self.adapter.poll(self.request, self.operation)
        return outcome


def job(model: str, prompt: str, parameters: Mapping[str, Any] | None = None, *, inputs: tuple[Any, ...] = ()) -> Job:
    spec = catalogue.models()[model]
    request = ProviderRequest(
        attempt_id=uuid4(),
        model=model,
        kind=spec.kind,
        prompt=prompt,
        parameters=spec.validate(parameters or {}),
        inputs=inputs,
    )
    return Job(request, registry.adapter(spec.adapter))


def told(prompt: str = "a fox in the snow", *, fault: str = "") -> str:
    """A prompt that no other test has used: the simulator counts faults by prompt and caches what it has seen."""
    return f"{prompt} {uuid4()} {f'[[fault:{fault}]]' if fault else ''}"


@pytest.fixture(scope="session")
def simulator_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    ready = tmp_path_factory.mktemp("simulator") / "ready.json"
    command = [sys.executable, "-m", "generations.simulator", "--port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen(
        [*command, "--latency", "0", "--operation-seconds", "0.2"], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert process.poll() is None, "the simulator did not start"
        assert time.monotonic() < deadline, "the simulator is not ready after a minute"
        time.sleep(0.05)
    yield json.loads(ready.read_text())["url"]
    process.send_signal(signal.SIGTERM)
    process.wait(10)


@pytest.fixture
def simulator(simulator_url: str, settings: Any) -> Simulator:
    configure(settings, simulator_url)
    return Simulator(simulator_url)


def configure(settings: Any, url: str) -> None:
    settings.GEMINI_API_KEY = settings.VERTEX_API_KEY = KEY
    settings.GEMINI_BASE_URL = settings.VERTEX_BASE_URL = url
    settings.GOOGLE_CLOUD_PROJECT = settings.GOOGLE_CLOUD_LOCATION = None
    settings.PROVIDER_TIMEOUT_SECONDS = 30
    settings.PROVIDER_POLL_SECONDS = 0.1


@pytest.fixture
def machine_credentials(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Enterprise mode by project, with a token that is good for years. After `configure`."""
    settings.VERTEX_API_KEY = None
    settings.GOOGLE_CLOUD_PROJECT, settings.GOOGLE_CLOUD_LOCATION = "house", "us-central1"
    facts = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    known = tmp_path / "credentials.json"
    known.write_text(json.dumps({**facts, "token": "a-token", "expiry": "2099-01-01T00:00:00Z"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(known))
