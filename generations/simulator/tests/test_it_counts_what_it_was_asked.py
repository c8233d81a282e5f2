from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest

from generations.simulator.tests.conftest import FAMILIES, LASTING, Running, contents, starting

KINDS = {
    "text": "text", "stream": "text", "interaction": "text", "image": "image", "picture": "image", "imagen": "image",
    "film": "video", "veo": "video", "song": "music", "clip": "music",
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_it_lists_a_call_with_its_attempt_and_its_kind(simulator: Running, family: str) -> None:
    path, body = starting(family, "a fox")
    simulator.post(path, body, **{"x-hub-attempt": "attempt-1"})
    call = simulator.only_call()
    assert (call["n"], call["method"], call["path"]) == (1, "POST", path.partition("?")[0])
    assert (call["attempt"], call["kind"], call["fault"], call["status"]) == ("attempt-1", KINDS[family], None, 200)
    assert call["model"] == body.get("model", path.rpartition("/")[2].partition(":")[0])


@pytest.mark.parametrize("family", LASTING)
def test_it_bills_a_long_operation_when_it_is_done_and_nobody_looks(simulator: Running, family: str) -> None:
    started = simulator.start(family, "a fox").json()
    running = simulator.only_call()
    time.sleep(0.5)
    done = simulator.only_call()
    assert running["operation"] == started.get("id", started.get("name"))
    assert (running["billable"], running["units"]) == (False, {})
    assert done["billable"]
    assert done["units"].keys() & {"video_second", "video_token"}


def test_it_counts_what_starts_no_work_in_totals_alone(simulator: Running) -> None:
    simulator.finish("film", started := simulator.start("film", "a fox"))
    simulator.post("/v1/models/gemini-3.8-flash:countTokens", contents("hello"))
    simulator.get("/v1/models")
    simulator.post(f"/v1/interactions/{started.json()['id']}/cancel", {})
    totals = simulator.totals()
    assert (totals["calls"], totals["billable"], totals["counts"], totals["gets"], totals["cancels"]) == (1, 1, 1, 1, 1)
    assert totals["polls"] >= 1
    assert totals["units"]["video_token"] == 3 * 5792


def test_it_forgets_when_told(simulator: Running) -> None:
    prompt = "[[fault:500 times=1]] hello"
    assert [simulator.ask(prompt).status_code for _ in range(2)] == [500, 200]
    simulator.http.delete(f"{simulator.url}/_simulator/calls")
    assert simulator.calls() == []
    assert simulator.totals()["calls"] == 0
    assert simulator.ask(prompt).status_code == 500


def test_a_client_that_leaves_in_the_middle_is_still_counted(simulator: Running) -> None:
    path, body = starting("text", "[[fault:slow seconds=0.3]] hello")
    request = simulator.http.build_request("POST", simulator.url + path, json=body, headers={"x-goog-api-key": "k"})
    url = urlsplit(simulator.url)
    with socket.create_connection((url.hostname or "", url.port or 0)) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        connection.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + request.read())
        time.sleep(0.1)
    assert simulator.only_call()["billable"]
    assert simulator.only_call()["units"]["output_token"] > 0


def test_a_refused_call_is_listed_and_bills_nothing(simulator: Running) -> None:
    simulator.post("/v1/models/gemini-9:generateContent", contents("hello"))
    simulator.http.post(
        f"{simulator.url}/v1/models/gemini-3.8-flash:generateContent", content=b"{", headers={"x-goog-api-key": "k"}
    )
    unknown, broken = simulator.calls()
    assert (unknown["model"], unknown["kind"], unknown["status"], unknown["billable"]) == ("gemini-9", "", 404, False)
    assert (broken["status"], broken["billable"]) == (400, False)
