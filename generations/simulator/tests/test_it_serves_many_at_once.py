from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
from google import genai

from generations.simulator.tests.conftest import Running, starting

FAMILIES = ("text", "stream", "image", "interaction", "film", "imagen", "veo", "song")


def test_fifty_clients_at_once_are_each_answered_and_counted_once(simulator: Running) -> None:
    def work(number: int) -> int:
        with httpx2.Client(timeout=60) as http:
            path, body = starting(FAMILIES[number % len(FAMILIES)], f"prompt {number}")
            headers = {"x-goog-api-key": "k", "x-hub-attempt": str(number)}
            return http.post(simulator.url + path, json=body, headers=headers).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(work, range(200)))
    time.sleep(0.5)
    calls = simulator.calls()
    assert set(statuses) == {200}
    assert sorted(int(call["attempt"]) for call in calls) == list(range(200))
    assert sorted(call["n"] for call in calls) == list(range(1, 201))
    assert all(call["billable"] for call in calls)
    assert simulator.totals()["units"]["song"] == 25


def test_a_limited_fault_is_met_exactly_that_often(simulator: Running) -> None:
    def work(_: int) -> int:
        return simulator.ask("[[fault:503 times=7]] hello").status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = Counter(pool.map(work, range(40)))
    assert statuses == {503: 7, 200: 33}


def test_one_sdk_client_in_many_threads(gemini: genai.Client, simulator: Running) -> None:
    def work(number: int) -> str:
        return gemini.models.generate_content(model="gemini-3.5-flash-lite", contents=f"prompt {number}").text or ""

    with ThreadPoolExecutor(50) as pool:
        texts = list(pool.map(work, range(100)))
    assert all(f"“prompt {number}”" in text for number, text in enumerate(texts))
    assert simulator.totals()["billable"] == 100
