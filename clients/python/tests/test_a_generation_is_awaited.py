"""Waiting by a hub that holds its answers, and by one that does not."""

from __future__ import annotations

import time

import pytest
from answers import ID, generation
from halves import AsyncHalf, SyncHalf
from scripted_hub import NoReply, Reply, ScriptedHub, Seen, says

from generation_hub import HubUnreachable, Polling, WaitTimeout

Half = SyncHalf | AsyncHalf
APPLIED = {"Preference_Applied": "wait=25"}


def held(seconds: float, status: str) -> Reply:
    """An answer that comes after so many seconds."""
    reply = says(generation(status), **APPLIED)
    return Reply(reply.status, reply.headers, [b" ", reply.pieces[0]], between_seconds=seconds)


def test_a_hub_that_holds_is_asked_again_at_once(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(held(0.1, "queued"), held(0.1, "running"), held(0.1, "succeeded"))
    hub = half.hub(scripted.url, polling=Polling(first_pause=0.05, longest_pause=20))
    assert half.do(hub.wait(ID)).succeeded
    assert [each.headers["Prefer"] for each in scripted.seen] == ["wait=25"] * 3


def test_a_hub_that_does_not_hold_is_asked_after_pauses_that_grow(half: Half, scripted: ScriptedHub) -> None:
    moments: list[float] = []

    def script(seen: Seen) -> Reply:
        moments.append(time.monotonic())
        return says(generation("succeeded" if len(moments) == 6 else "running"))

    scripted.will_follow(script)
    half.do(half.hub(scripted.url, polling=Polling(first_pause=0.1, longest_pause=10)).wait(ID))
    pauses = [later - earlier for earlier, later in zip(moments, moments[1:], strict=False)]
    assert all(pause >= 0.8 * 0.1 * 1.5**number for number, pause in enumerate(pauses))


def test_an_answer_that_only_says_it_was_held_makes_no_busy_loop(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation("running"), **APPLIED))
    with pytest.raises(WaitTimeout):
        half.do(half.hub(scripted.url, polling=Polling(first_pause=0.2, longest_pause=0.2)).wait(ID, timeout=1.1))
    assert len(scripted.seen) < 10


def test_the_end_of_patience_carries_the_generation_and_is_a_timeout(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation("running")))
    started = time.monotonic()
    with pytest.raises(WaitTimeout) as caught:
        half.do(half.hub(scripted.url).wait(ID, timeout=0.5))
    assert time.monotonic() - started < 5
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.generation.id, caught.value.generation.status) == (ID, "running")
    assert {each.method for each in scripted.seen} == {"GET"}  # nothing is canceled behind the caller's back


def test_no_more_is_asked_of_the_hub_than_there_is_time(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(held(0.1, "succeeded"))
    half.do(half.hub(scripted.url).wait(ID, timeout=3.9))
    half.do(half.hub(scripted.url).wait(ID, timeout=0.9))
    assert [each.headers.get("Prefer") for each in scripted.seen] == ["wait=3", None]


def test_generate_asks_to_hold_with_the_order_itself(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation(), 202, **APPLIED))
    assert half.do(half.hub(scripted.url).generate(model="m", prompt="p")).text == "The sea."
    [seen] = scripted.seen
    assert (seen.headers["Prefer"], seen.json) == ("wait=25", {"model": "m", "prompt": "p"})


def test_generate_goes_on_waiting_for_what_it_has_ordered(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation("queued"), 202), says(generation("running")), says(generation("failed")))
    assert half.do(half.hub(scripted.url).generate(model="m", prompt="p")).status == "failed"
    assert scripted.asked == ["POST /generations", f"GET /generations/{ID}", f"GET /generations/{ID}"]


def test_a_wait_outlives_a_hub_that_is_away_for_a_moment(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation("running")), NoReply(), NoReply(), says(generation()))
    assert half.do(half.hub(scripted.url).wait(ID)).succeeded
    scripted.will_say(NoReply())
    with pytest.raises(HubUnreachable):
        half.do(half.hub(scripted.url).wait(ID))


def test_what_has_ended_is_asked_for_once(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation("canceled")))
    assert half.do(half.hub(scripted.url).generations.wait(ID)).status == "canceled"
    assert len(scripted.seen) == 1
