"""A submitted generation is written, held for and audited in one go, and answered with where to find it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from audit.models import AuditLog
from generations import due
from generations.models import Generation
from tests.rest import GENERATIONS, Caller, assert_problem, world
from usage.models import QuotaHold

pytestmark = pytest.mark.usefixtures("prices", "no_jobs")
FIELDS = {
    *("id", "kind", "model", "status", "parameters", "tags", "prompt", "estimate_usd", "cost_usd", "usage", "outputs"),
    *(
        "inputs",
        "error",
        "attempts",
        "queue_position",
        "created_at",
        "started_at",
        "finished_at",
        "links",
        "texts_purged_at",
    ),
}


def test_it_answers_202_with_the_generation_and_its_address(caller: Caller) -> None:
    answer = caller.submit(tags=["spring", "café"], parameters={})
    body = answer.json()
    assert answer.status_code == 202
    assert set(body) == FIELDS
    assert answer["Location"] == body["links"]["self"] == f"http://testserver{GENERATIONS}/{body['id']}"
    names = {"cancel", "events"}
    assert body["links"] == {"self": answer["Location"]} | {name: f"{answer['Location']}/{name}" for name in names}
    assert (body["status"], body["kind"], body["model"]) == ("queued", "text", "gemini-3.8-flash")
    assert (body["prompt"], body["tags"]) == ("The sea at night.", ["spring", "café"])
    assert (body["cost_usd"], body["outputs"], body["error"], body["attempts"]) == (None, [], None, 0)
    assert body["queue_position"] == 0
    assert "Idempotency-Replayed" not in answer
    assert caller.get(answer["Location"]).json() == body


def test_it_holds_the_estimate_and_writes_one_audit_row(caller: Caller) -> None:
    body = caller.submit().json()
    hold = QuotaHold.objects.get(reference=body["id"])
    assert hold.amount == Decimal(body["estimate_usd"]) > 0
    assert AuditLog.objects.filter(action="generation.submitted", target_id=body["id"]).count() == 1
    assert due.waiting() == 1


def test_it_keeps_the_prompt_as_it_was_sent(caller: Caller) -> None:
    prompt = "  two spaces, a tab\t, a line\nand \\u0000 written out; 🦊  "
    body = caller.submit(prompt=prompt).json()
    assert body["prompt"] == prompt
    assert Generation.objects.get(id=body["id"]).prompt == prompt


def test_it_completes_the_parameters_with_the_models_defaults(caller: Caller) -> None:
    body = caller.submit(model="veo-3.1-generate-001", prompt="Waves.").json()
    assert body["kind"] == "video"
    assert body["parameters"]["duration_seconds"] > 0


def test_it_takes_the_key_in_googles_header_too(caller: Caller) -> None:
    answer = caller.call("GET", GENERATIONS, Authorization="", x_goog_api_key=caller.text)
    assert answer.status_code == 200


@pytest.mark.parametrize("key", ["a", "x" * 255, "with space ~!"])
def test_it_replays_the_same_key_and_body(caller: Caller, key: str) -> None:
    first = caller.call("POST", GENERATIONS, {"model": "gemini-3.8-flash", "prompt": "Hi"}, Idempotency_Key=key)
    before = world()
    again = caller.call("POST", GENERATIONS, {"prompt": "Hi", "model": "gemini-3.8-flash"}, Idempotency_Key=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first["Location"], again["Idempotency-Replayed"]) == (again["Location"], "true")
    assert again.json() == first.json()
    assert world() == before


def test_it_refuses_the_same_key_with_another_body(caller: Caller) -> None:
    body = {"model": "gemini-3.8-flash", "prompt": "Hi"}
    assert caller.post(GENERATIONS, body, Idempotency_Key="k").status_code == 202
    before = world()
    answer = caller.post(GENERATIONS, {**body, "prompt": "Ho"}, Idempotency_Key="k")
    assert_problem(answer, 422, "idempotency_key_reused")
    assert world() == before


def test_it_gives_two_callers_with_one_key_two_generations(caller: Caller, stranger: Caller) -> None:
    body = {"model": "gemini-3.8-flash", "prompt": "Hi"}
    mine, theirs = (each.post(GENERATIONS, body, Idempotency_Key="k") for each in (caller, stranger))
    assert mine.json()["id"] != theirs.json()["id"]


def test_it_binds_the_callers_request_id_to_the_job(caller: Caller) -> None:
    answer = caller.post(GENERATIONS, {"model": "gemini-3.8-flash", "prompt": "Hi"}, X_Request_ID="order-17")
    assert answer["X-Request-ID"] == "order-17"
    assert Generation.objects.get(id=answer.json()["id"]).request_id == "order-17"
    assert AuditLog.objects.get(action="generation.submitted").request_id == "order-17"


def test_it_sends_the_job_only_once_its_row_is_there(caller: Caller, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        caller.submit()
    assert len(callbacks) == 1
