"""The smoke test passes for a hub that serves, and says in one line what another one answers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from hub.env import BASE_DIR
from tests.receiver import Answer, running_receiver

SCRIPT = BASE_DIR / ".github" / "scripts" / "smoke.py"


def smoke(*words: str) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, "-I", SCRIPT, *words], capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_a_hub_that_serves_passes(committed: None, live_server: Any) -> None:
    assert smoke(live_server.url, "20") == (0, [f"{live_server.url} is ready and refuses strangers."])


def test_one_that_is_not_ready_in_time_fails_with_what_it_says() -> None:
    with running_receiver() as hub:
        hub.answers = [Answer(503, {"Content-Length": "23"}, [b'{"database": "is away"}'])]
        status, said = smoke(hub.url, "0.1")
    assert (status, len(said)) == (1, 1)
    assert said[0].startswith("error: /readyz says 503 after 0.1 seconds: ")
    assert "is away" in said[0]


def test_one_that_lets_strangers_in_fails() -> None:
    with running_receiver() as hub:
        hub.answers = [Answer(200, {"Content-Length": "16"}, [b'{"status": "ok"}'])]
        status, said = smoke(hub.url, "1")
    assert (status, len(said)) == (1, 1)
    assert said[0].startswith("error: /api/v1/generations says 200")


@pytest.mark.parametrize("words", [(), ("hub.example.com",), ("file:///etc/passwd",)])
def test_an_address_that_is_none_is_refused(words: tuple[str, ...]) -> None:
    assert smoke(*words) == (1, ["usage: smoke.py https://hub.example.com [SECONDS]"])
