"""1,000 submissions of $0.10 against a quota of $5.00, from 8 processes over REST: exactly 50 are taken."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.env import BASE_DIR
from tests.stack import Client, HubStack, Template
from tests.stack.client import GENERATIONS
from tests.stack.cluster import url_of

pytestmark = pytest.mark.stack

PROCESSES, EACH = 8, 125
LIMIT, AMOUNT, ADMITTED = Decimal(5), Decimal("0.10"), 50
MODELS = {
    "text": "gemini-3.5-flash-lite",
    "image": "imagen-4.0-generate-001",
    "video": "veo-3.1-lite-generate-001",
    "music": "lyria-3.5",
}
# One request of each is exactly $0.10: 1,000 tokens (what goes in is free), one picture, 8 seconds, one song.
PRICES = """
[[prices]]
model = "gemini-3.5-flash-lite"
from = 2026-01-01
source = "this test"
per_million = { input_token = "0", cached_token = "0", output_token = "100" }

[[prices]]
model = "imagen-4.0-generate-001"
from = 2026-01-01
source = "this test"
each = { image = "0.10" }

[[prices]]
model = "veo-3.1-lite-generate-001"
from = 2026-01-01
source = "this test"
each = { "video_second/720p" = "0.0125" }

[[prices]]
model = "lyria-3.5"
from = 2026-01-01
source = "this test"
each = { song = "0.10" }
"""
PARAMETERS: dict[str, dict[str, Any]] = {"text": {"max_output_tokens": 1000}, "video": {"duration_seconds": 8}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, catalogue: Path) -> Iterator[HubStack]:
    """A hub with these prices and a client of $5.00 for each kind; nobody works, so that holds stay holds."""
    prices = tmp_path_factory.mktemp("prices") / "prices.toml"
    prices.write_text(PRICES)
    clients = {kind: (str(LIMIT), "month") for kind in MODELS}
    with ExitStack() as cleanup:
        template = Template(
            tmp_path_factory.mktemp("template"), clients=clients, HUB_PRICES=str(prices), HUB_CATALOGUE=str(catalogue)
        )
        cleanup.callback(template.drop)
        yield cleanup.enter_context(HubStack(tmp_path_factory.mktemp("stack"), template, running=("simulator", "web")))


class Sampler(threading.Thread):
    """Reads spent + held of one client over and over, on a connection of its own."""

    def __init__(self, stack: HubStack, client: Client) -> None:
        super().__init__()
        self._url, self._user = url_of(stack.database), client.id
        self._stopped = threading.Event()
        self.seen: list[Decimal] = []

    def run(self) -> None:
        query = """SELECT p.spent + p.held FROM quota_periods p JOIN quotas q ON q.id = p.quota_id
                   WHERE q.user_id = %s"""
        # Prepared by itself after some times, a statement is lost behind a pooler.
        with psycopg.connect(self._url, autocommit=True, prepare_threshold=None) as connection:
            while not self._stopped.is_set():
                self.seen += [total for (total,) in connection.execute(query, [self._user])]
                time.sleep(0.01)

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def storm(stack: HubStack, client: Client, body: dict[str, Any]) -> tuple[Counter[int], dict[int, str]]:
    """All processes at once: how often each status came, and one body of each."""
    headers = {"Authorization": f"Bearer {client.api_key}", "Content-Type": "application/json"}
    argv = [sys.executable, "-m", "tests.stack.submitter", stack.base_url, GENERATIONS, str(EACH)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": BASE_DIR}
    clients = [subprocess.Popen(argv, **pipes) for _ in range(PROCESSES)]  # type: ignore[call-overload]
    for each in clients:
        each.stdin.write(json.dumps({"headers": headers, "body": body}) + "\n")
        each.stdin.flush()
    assert all(each.stdout.readline() == "ready\n" for each in clients)
    for each in clients:
        each.stdin.write("go\n")
        each.stdin.flush()
    counts: Counter[int] = Counter()
    bodies: dict[int, str] = {}
    for each in clients:
        for status, (times, content) in json.loads(each.communicate()[0]).items():
            counts[int(status)] += times
            bodies[int(status)] = content
    return counts, bodies


@pytest.mark.parametrize("kind", MODELS)
def test_exactly_as_many_are_taken_as_fit(stack: HubStack, kind: str) -> None:
    client = stack.client(kind)
    sampler = Sampler(stack, client)
    sampler.start()
    started = time.monotonic()
    body = {"model": MODELS[kind], "prompt": "A tenth of a dollar.", "parameters": PARAMETERS.get(kind, {})}
    try:
        counts, bodies = storm(stack, client, body)
    finally:
        sampler.stop()
    seconds = time.monotonic() - started
    total = PROCESSES * EACH
    print(f"{kind}: {total} submissions in {seconds:.1f} s, {len(sampler.seen)} samples, most {max(sampler.seen)}")

    assert counts == {202: ADMITTED, 402: total - ADMITTED}
    assert len(sampler.seen) > 50
    assert max(sampler.seen) == LIMIT
    refused = json.loads(bodies[402])
    assert refused["code"] == "quota_held"
    [policy] = refused["policies"]
    assert (policy["kind"], policy["period"]) == ("", "month")
    facts = {name: Decimal(policy[name]) for name in ("limit_usd", "spent_usd", "held_usd", "requested_usd")}
    assert facts == {"limit_usd": LIMIT, "spent_usd": 0, "held_usd": LIMIT, "requested_usd": AMOUNT}
    assert policy["resets_at"] is not None
    owned = "owner_id = %s", client.id
    assert stack.value(f"SELECT count(*) FROM generations WHERE {owned[0]}", owned[1]) == ADMITTED
    assert stack.value(f"SELECT sum(estimate) FROM generations WHERE {owned[0]}", owned[1]) == LIMIT
    assert stack.value("SELECT count(*) FROM quota_holds WHERE user_id = %s", client.id) == ADMITTED


def test_they_all_end_and_what_they_did_not_cost_can_be_spent(stack: HubStack) -> None:
    stack.start("worker", "clock")
    seconds = stack.wait_until_all_have_ended(90)
    print(f"{ADMITTED * len(MODELS)} jobs ended in {seconds:.1f} s")
    assert stack.value("SELECT count(*) FROM generations WHERE status <> 'succeeded'") == 0
    stack.assert_the_books_balance()
    for kind in ("image", "video", "music"):
        refused = stack.client(kind).post(MODELS[kind], "One more.", **PARAMETERS.get(kind, {}))
        assert (refused.status, refused.json["code"]) == (402, "quota_exceeded")
    assert stack.client("text").post(MODELS["text"], "One more.", **PARAMETERS["text"]).status == 202
    stack.wait_until_all_have_ended()
    stack.assert_the_books_balance()
