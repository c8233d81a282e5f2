"""A generation is canceled free of charge before it starts; afterwards the wish is noted."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from audit.models import AuditLog
from generations.models import Generation
from tests.rest import GENERATIONS, Caller, assert_problem, world
from usage.models import QuotaHold, QuotaPeriod

pytestmark = pytest.mark.usefixtures("prices", "no_jobs")


def test_it_ends_a_queued_one_and_gives_the_money_back(caller: Caller) -> None:
    submitted = caller.submit().json()
    answer = caller.post(submitted["links"]["cancel"])
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["cost_usd"], body["queue_position"]) == ("canceled", "0.00", None)
    assert body["finished_at"]
    assert QuotaHold.objects.get(reference=body["id"]).state == "released"
    assert QuotaPeriod.objects.get().held == 0
    assert AuditLog.objects.filter(action="generation.canceled", target_id=body["id"]).count() == 1


def test_it_needs_no_body(caller: Caller) -> None:
    submitted = caller.submit().json()
    headers = {"Authorization": f"Bearer {caller.text}"}
    answer = caller.client.generic("POST", f"{GENERATIONS}/{submitted['id']}/cancel", content_type="", headers=headers)
    assert answer.status_code == 200


def test_it_refuses_a_field(caller: Caller) -> None:
    submitted = caller.submit().json()
    before = world()
    answer = caller.post(submitted["links"]["cancel"], {"reason": "none"})
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["reason"]
    assert world() == before


def test_it_notes_the_wish_for_a_running_one(caller: Caller, new_generation: Callable[..., Generation]) -> None:
    running = new_generation(caller.user, status="running")
    answer = caller.post(f"{GENERATIONS}/{running.id}/cancel")
    again = caller.post(f"{GENERATIONS}/{running.id}/cancel")
    assert (answer.status_code, again.status_code) == (200, 200)
    assert answer.json()["status"] == "running"
    running.refresh_from_db()
    assert running.cancel_requested_at is not None


@pytest.mark.parametrize("status", ["succeeded", "failed", "blocked", "canceled"])
def test_it_refuses_one_that_has_ended(caller: Caller, new_generation: Callable[..., Generation], status: str) -> None:
    ended = new_generation(caller.user, status=status)
    before = world()
    assert_problem(caller.post(f"{GENERATIONS}/{ended.id}/cancel"), 409, "not_cancelable")
    assert world() == before


def test_a_second_cancel_is_refused_and_pays_back_nothing_twice(caller: Caller) -> None:
    submitted = caller.submit().json()
    caller.post(submitted["links"]["cancel"])
    before = world()
    assert_problem(caller.post(submitted["links"]["cancel"]), 409, "not_cancelable")
    assert world() == before


def test_anothers_is_not_found_and_goes_on(caller: Caller, stranger: Caller) -> None:
    theirs = stranger.submit().json()
    before = world()
    assert_problem(caller.post(theirs["links"]["cancel"]), 404, "not_found")
    assert_problem(caller.post(f"{GENERATIONS}/{uuid4()}/cancel"), 404, "not_found")
    assert world() == before
    assert stranger.get(theirs["links"]["self"]).json()["status"] == "queued"
