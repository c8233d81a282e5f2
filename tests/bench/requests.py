"""Jobs to submit, and the ways to submit them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tests.bench.accounts import Client
from tests.bench.house import House
from tests.bench.wrong import WorkWentWrong

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "Three sentences about the sea at night."
# The provider answers that late; the simulator's own --latency would hold for all of its calls.
SLOW = " [[fault:slow seconds={seconds}]]"
# Of ten jobs: eight texts, one picture, one clip of music.
MIX = (*("gemini-3.8-flash",) * 4, "gemini-3.1-flash-image", *("gemini-3.8-flash",) * 4, "lyria-3-clip-preview")


@dataclass(frozen=True, slots=True)
class Sent:
    """What one load was like, seen from the client's side."""

    per_second: float
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    method: str
    path: str
    key: str = ""
    body: bytes = b""
    content_type: str = "application/json"

    def as_order(self) -> dict[str, Any]:
        """For tests.bench.clients."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= {"Content-Type": self.content_type} if self.body else {}
        body = base64.b64encode(self.body).decode()
        return {"method": self.method, "path": self.path, "headers": headers, "body": body}


def texts(number: int, *, latency: float = 0.0) -> list[dict[str, Any]]:
    prompt = PROMPT + (SLOW.format(seconds=latency) if latency else "")
    return [{"model": "gemini-3.8-flash", "prompt": prompt}] * number


def mixed(number: int) -> list[dict[str, Any]]:
    """The ten kinds in turn; the prompt changes from ten to ten, so that not every file is the same."""
    models = islice(cycle(MIX), number)
    return [{"model": model, "prompt": f"{PROMPT} ({index // 10 % 8})"} for index, model in enumerate(models)]


def send(house: House, client: Client, bodies: list[dict[str, Any]], *, clients: int) -> Sent:
    """Submits over REST from a process of its own; raises WorkWentWrong unless every one is admitted."""
    asks = [Ask("POST", "/api/v1/generations", client.key_text, json.dumps(body).encode()) for body in bodies]
    return ask(house.port, asks, clients=clients)


def ask(port: int, asks: Sequence[Ask], *, clients: int, cores: Sequence[int] = ()) -> Sent:
    """Sends requests from a process of its own, on these cores; raises WorkWentWrong unless each is answered 2xx."""
    order = {"port": port, "clients": clients, "cores": list(cores), "requests": [each.as_order() for each in asks]}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.clients"],
        input=json.dumps(order),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise WorkWentWrong("The clients ended early.")
    facts = json.loads(done.stdout)
    if facts["done"] != len(asks):
        raise WorkWentWrong(f"Not every {asks[0].method} {asks[0].path} was done: {facts['refused']}")
    times = {name: facts[name] for name in ("p50_ms", "p95_ms", "p99_ms")}
    return Sent(len(asks) / facts["seconds"], facts["seconds"], **times)
