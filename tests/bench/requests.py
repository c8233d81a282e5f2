"""Jobs to submit, and the ways to submit them."""

from __future__ import annotations

import json
import subprocess
import sys
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


def texts(number: int, *, latency: float = 0.0) -> list[dict[str, Any]]:
    prompt = PROMPT + (SLOW.format(seconds=latency) if latency else "")
    return [{"model": "gemini-3.8-flash", "prompt": prompt}] * number


def mixed(number: int) -> list[dict[str, Any]]:
    """The ten kinds in turn; the prompt changes from ten to ten, so that not every file is the same."""
    models = islice(cycle(MIX), number)
    return [{"model": model, "prompt": f"{PROMPT} ({index // 10 % 8})"} for index, model in enumerate(models)]


def send(house: House, client: Client, bodies: list[dict[str, Any]], *, clients: int) -> Sent:
    """Submits over REST from a process of its own; raises WorkWentWrong unless every one is admitted."""
    order = {"port": house.port, "key": client.key_text, "clients": clients, "bodies": bodies}
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
    if facts["refused"] or len(facts["ids"]) != len(bodies):
        raise WorkWentWrong(f"Not every request was admitted: {facts['refused']}")
    return Sent(len(bodies) / facts["seconds"], facts["seconds"], facts["p50_ms"], facts["p95_ms"])
