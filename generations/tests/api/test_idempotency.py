"""An Idempotency-Key stands for one generation for 24 hours, whoever sends it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from json import dumps
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from generations.models import Generation
from generations.services import submit as service
from generations.services.idempotency import in_progress
from generations.services.submit import Order
from hub.common.redis import redis_client
from tests.rest import GENERATIONS, Caller, assert_problem, world
from usage.models import QuotaHold, QuotaPeriod

pytestmark = pytest.mark.usefixtures("prices", "no_jobs")
BODY = {"model": "gemini-3.8-flash", "prompt": "Once."}
TOGETHER = 50


def post(caller: Caller, body: dict[str, Any] = BODY, key: str = "k") -> Any:
    return caller.post(GENERATIONS, body, Idempotency_Key=key)


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Fifty threads, each with a connection of its own, let go together."""
    start = Barrier(TOGETHER)

    def run(number: int) -> Any:
        try:
            start.wait(30)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(run, range(TOGETHER)))


def test_fifty_at_once_make_one_generation_and_one_hold(committed: None, caller: Caller) -> None:
    def work(_: int) -> Any:
        return post(Caller(caller.user, caller.key, caller.text, Client()))

    answers = at_once(work)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {202, 409}
    generation = Generation.objects.get()
    assert {answer.json()["id"] for answer in answers if answer.status_code == 202} == {str(generation.id)}
    assert sum(answer.status_code == 202 and "Idempotency-Replayed" not in answer for answer in answers) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert_problem(answer, 409, "idempotency_in_progress")
            assert answer["Retry-After"] == "1"
    assert QuotaHold.objects.get().reference == generation.id
    assert QuotaPeriod.objects.get().held == generation.estimate
    again = post(caller)
    assert (again.status_code, again["Idempotency-Replayed"]) == (202, "true")


def test_the_constraint_alone_keeps_it_at_one(committed: None, caller: Caller, monkeypatch: Any) -> None:
    class Nothing:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(service, "in_progress", lambda *_: Nothing())
    order = Order(**BODY, idempotency_key="k")
    found = at_once(lambda _: service.submit(api_key=caller.key, order=order))
    assert len({generation.id for generation, _ in found}) == 1
    assert Counter(is_replay for _, is_replay in found) == {True: TOGETHER - 1, False: 1}
    assert QuotaPeriod.objects.get().held == QuotaHold.objects.get().amount


def test_it_says_409_while_the_first_is_in_progress(caller: Caller, stranger: Caller) -> None:
    with in_progress(caller.user.id, "k"):
        before = world()
        answer = post(caller)
        assert_problem(answer, 409, "idempotency_in_progress")
        assert answer["Retry-After"] == "1"
        assert world() == before
        assert post(caller, key="other").status_code == 202
        assert post(stranger).status_code == 202
    assert post(caller).status_code == 202


def test_a_refusal_frees_the_key(caller: Caller) -> None:
    assert_problem(post(caller, {**BODY, "model": "gpt-5"}), 422, "unknown_model")
    assert post(caller).status_code == 202
    assert redis_client().keys("hub:idempotency:*") == []


def test_it_is_kept_for_24_hours_and_may_then_be_used_again(caller: Caller) -> None:
    first = post(caller).json()["id"]
    start = timezone.now() - timedelta(hours=23, minutes=59)
    Generation.objects.filter(id=first).update(created_at=start)
    assert post(caller).json()["id"] == first
    Generation.objects.filter(id=first).update(created_at=start - timedelta(minutes=2))
    second = post(caller, {**BODY, "prompt": "Another day."})
    assert second.status_code == 202
    assert "Idempotency-Replayed" not in second
    assert second.json()["id"] != first
    assert list(Generation.objects.order_by("created_at").values_list("idempotency_key", flat=True)) == ["", "k"]


@pytest.mark.parametrize("change", [{"prompt": "Twice."}, {"tags": ["a"]}, {"max_cost": "5"}])
def test_another_body_is_refused(caller: Caller, change: dict[str, Any]) -> None:
    post(caller)
    before = world()
    assert_problem(post(caller, {**BODY, **change}), 422, "idempotency_key_reused")
    assert world() == before


def test_what_is_kept_does_not_give_the_prompt_away(caller: Caller) -> None:
    post(caller)
    kept = Generation.objects.get().request_hash
    plain = {**BODY, "parameters": {}, "tags": []}
    assert kept != sha256(dumps(plain, sort_keys=True).encode()).hexdigest()
    assert len(kept) == 64
