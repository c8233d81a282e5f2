"""A stream may slow down, break off or fail in the middle, and what was sent of it is billed."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2
import pytest

from generations.simulator.tests.conftest import KEY, Running, starting


def _streamed(simulator: Running, prompt: str) -> tuple[list[Any], Exception | None]:
    """The pieces that came, and how the connection ended if not well."""
    path, body = starting("stream", prompt)
    received = b""
    try:
        with simulator.http.stream("POST", simulator.url + path, json=body, headers=KEY) as answer:
            for data in answer.iter_raw():
                received += data
    except httpx2.TransportError as error:
        return _events(received), error
    return _events(received), None


def _events(received: bytes) -> list[Any]:
    return [json.loads(line.removeprefix("data: ")) for line in received.decode().split("\r\n\r\n") if line]


def _output_tokens(piece: Any) -> int:
    usage = piece["usageMetadata"]
    return int(usage.get("candidatesTokenCount", 0)) + int(usage.get("thoughtsTokenCount", 0))


def _billed(simulator: Running) -> dict[str, Any]:
    call = simulator.only_call()
    assert call["billable"]
    return call


def test_it_cuts_a_stream_after_so_many_pieces_and_bills_those(simulator: Running) -> None:
    pieces, error = _streamed(simulator, "[[fault:stream_cut after=3 pieces=9]] a fox")
    assert len(pieces) == 3
    assert isinstance(error, httpx2.ReadError)
    call = _billed(simulator)
    assert call["status"] == "cut"
    assert call["units"]["input_token"] == pieces[-1]["usageMetadata"]["promptTokenCount"]
    assert _output_tokens(pieces[-1]) == call["units"]["output_token"]


def test_a_stream_that_is_cut_before_its_first_piece_bills_the_prompt(simulator: Running) -> None:
    pieces, error = _streamed(simulator, "[[fault:stream_cut after=0]] a fox")
    assert pieces == []
    assert error is not None
    assert _billed(simulator)["units"].keys() == {"input_token"}


def test_it_ends_a_stream_early_as_if_nothing_were_wrong(simulator: Running) -> None:
    pieces, error = _streamed(simulator, "[[fault:stream_short after=2]] a fox")
    assert [piece["candidates"][0].get("finishReason") for piece in pieces] == [None, None]
    assert error is None
    assert _output_tokens(pieces[-1]) == _billed(simulator)["units"]["output_token"]


def test_it_ends_a_stream_with_an_error(simulator: Running) -> None:
    *pieces, last = _streamed(simulator, "[[fault:stream_error after=2]] a fox")[0]
    assert (len(pieces), last["error"]["code"]) == (2, 500)
    assert _output_tokens(pieces[-1]) == _billed(simulator)["units"]["output_token"]


def test_it_hangs_in_the_middle_of_a_stream(simulator: Running) -> None:
    began = time.monotonic()
    pieces, error = _streamed(simulator, "[[fault:stream_hang after=2 seconds=0.3]] a fox")
    assert time.monotonic() - began >= 0.3
    assert len(pieces) == 2
    assert isinstance(error, httpx2.RemoteProtocolError)
    assert _billed(simulator)["status"] == "stall"


def test_a_broken_stream_may_say_nothing_of_its_usage(simulator: Running) -> None:
    pieces, _ = _streamed(simulator, "[[fault:stream_short after=2 usage=0]] a fox")
    assert not any("usageMetadata" in piece for piece in pieces)
    _billed(simulator)


def test_a_slow_stream_comes_in_as_many_pieces_as_are_wanted(simulator: Running) -> None:
    began = time.monotonic()
    pieces, _ = _streamed(simulator, "[[fault:slow seconds=0.4 pieces=20]] a fox")
    assert time.monotonic() - began >= 0.4
    assert 15 <= len(pieces) <= 20
    _billed(simulator)


@pytest.mark.parametrize("name", ["stream_cut", "stream_short", "stream_error", "stream_hang"])
@pytest.mark.parametrize("family", ["text", "image", "interaction", "song", "imagen"])
def test_what_breaks_streams_leaves_the_rest_alone(simulator: Running, family: str, name: str) -> None:
    assert simulator.start(family, f"[[fault:{name}]] a fox").status_code == 200
    assert _billed(simulator)["status"] == 200
