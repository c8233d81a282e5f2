"""A quote prices without holding, says what it would touch, and is honoured at its price for ten minutes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from audit.models import AuditLog
from generations.models import Generation, Quote
from tests.rest import Caller, assert_problem, world
from usage.models import ModelPrice, QuotaHold
from usage.services import set_quota

pytestmark = pytest.mark.usefixtures("prices", "no_jobs")
QUOTES = "/api/v1/quotes"
VIDEO: dict[str, Any] = {"model": "veo-3.1-generate-001", "prompt": "Waves.", "parameters": {"duration_seconds": 8}}
TEXT = {"model": "gemini-3.8-flash", "prompt": "The sea at night."}
NewCaller = Callable[..., Caller]


def quoted(caller: Caller, order: dict[str, Any] = VIDEO) -> dict[str, Any]:
    answer = caller.post(QUOTES, order)
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def expire(quote_id: str) -> None:
    start = timezone.now() - timedelta(minutes=11)
    Quote.objects.filter(id=quote_id).update(created_at=start, expires_at=start + timedelta(minutes=10))


def dearer(model: str) -> None:
    """Doubles every price of the model from now on."""
    now = timezone.now()
    for row in ModelPrice.objects.in_force(now).filter(model=model):
        QuerySet(ModelPrice).filter(pk=row.pk).update(effective_to=now)
        ModelPrice.objects.create(
            model=model, unit=row.unit, variant=row.variant, price=row.price * 2, effective_from=now, source="test"
        )


def test_it_names_the_amount_the_units_the_prices_and_each_quota(caller: Caller) -> None:
    set_quota(user=caller.user, kind="video", period="day", limit=Decimal(4), actor=None)
    set_quota(user=caller.user, kind="music", period="day", limit=Decimal(1), actor=None)
    body = quoted(caller)
    assert (body["amount_usd"], body["kind"], body["units"]) == ("3.20", "video", {"video_second": 8})
    price = ModelPrice.objects.get(id=body["prices"]["video_second"]["price_id"])
    assert (price.model, price.unit, price.price) == (VIDEO["model"], "video_second", Decimal("0.4"))
    assert body["parameters"]["duration_seconds"] == 8
    assert [(p["kind"], p["remaining_usd"], p["remaining_after_usd"]) for p in body["policies"]] == [
        ("", "100.00", "96.80"),
        ("video", "4.00", "0.80"),
    ]
    assert (body["admitted"], body["reason"]) == (True, None)
    ends = datetime.fromisoformat(body["expires_at"]) - timezone.now()
    assert timedelta(minutes=9) < ends <= timedelta(minutes=10)


def test_it_holds_nothing_and_is_audited(caller: Caller) -> None:
    before = world()
    body = quoted(caller)
    assert world() == {**before, "AuditLog": before["AuditLog"] + 1}
    assert AuditLog.objects.get(action="quote.made").target_id == Quote.objects.get(id=body["quote_id"]).id


def test_it_keeps_no_prompt(caller: Caller) -> None:
    quoted(caller)
    assert "Waves" not in str(Quote.objects.values().get())


def test_it_says_why_it_would_not_be_admitted(new_caller: NewCaller) -> None:
    poor, penniless = new_caller(quota="1"), new_caller(quota=None)
    refused = quoted(poor)
    assert (refused["admitted"], refused["reason"]["code"]) == (False, "quota_exceeded")
    assert refused["policies"][0]["remaining_after_usd"] == "-2.20"
    assert quoted(penniless)["reason"]["code"] == "no_quota"
    busy = new_caller(quota="4")
    assert busy.submit(**VIDEO).status_code == 202
    assert quoted(busy)["reason"]["code"] == "quota_held"
    assert_problem(busy.submit(**VIDEO), 402, "quota_held")


def test_it_foresees_that_too_many_jobs_are_in_flight(caller: Caller, stranger: Caller, settings: Any) -> None:
    settings.MAX_JOBS_IN_FLIGHT = settings.MAX_JOBS_IN_FLIGHT | {"text": 2}
    for number in range(2):
        assert quoted(caller, TEXT)["admitted"], number
        assert caller.submit(**TEXT).status_code == 202
    refused = quoted(caller, TEXT)
    assert (refused["admitted"], refused["reason"]["code"]) == (False, "too_many_jobs")
    assert refused["reason"]["message"]
    assert_problem(caller.submit(**TEXT), 429, "too_many_jobs")
    # The limit is each account's and each kind's own.
    assert (quoted(caller)["admitted"], quoted(stranger, TEXT)["admitted"]) == (True, True)
    set_quota(user=caller.user, kind="", period="total", limit=Decimal(0), actor=None)
    # A submission comes to its quota first.
    assert quoted(caller, TEXT)["reason"]["code"] == "quota_exceeded"
    assert_problem(caller.submit(**TEXT), 402, "quota_exceeded")


def test_it_refuses_what_a_submission_would_refuse(caller: Caller) -> None:
    before = Quote.objects.count()
    assert_problem(caller.post(QUOTES, {**VIDEO, "model": "gpt-5"}), 422, "unknown_model")
    assert_problem(caller.post(QUOTES, {**VIDEO, "parameters": {"fps": 1}}), 422, "invalid_parameters")
    assert_problem(caller.post(QUOTES, {**VIDEO, "max_cost": "1"}), 422, "invalid_request")
    assert Quote.objects.count() == before


def test_it_is_honoured_at_its_price_after_prices_rose(caller: Caller) -> None:
    quote = quoted(caller)
    dearer(VIDEO["model"])
    assert quoted(caller)["amount_usd"] == "6.40"
    answer = caller.submit(**VIDEO, quote_id=quote["quote_id"], tags=["sea"], max_cost="3.20")
    assert (answer.status_code, answer.json()["estimate_usd"]) == (202, "3.20")
    generation = Generation.objects.get()
    assert QuotaHold.objects.get().amount == Decimal("3.20")
    assert generation.rates == Quote.objects.get(id=quote["quote_id"]).rates
    assert str(generation.quote_id) == quote["quote_id"]


def test_it_is_honoured_after_the_model_lost_its_price(caller: Caller) -> None:
    quote = quoted(caller)
    QuerySet(ModelPrice).filter(model=VIDEO["model"]).update(effective_to=timezone.now())
    assert_problem(caller.submit(**VIDEO), 422, "model_unpriced")
    answer = caller.submit(**VIDEO, quote_id=quote["quote_id"])
    assert (answer.status_code, answer.json()["estimate_usd"]) == (202, "3.20")
    assert QuotaHold.objects.get().amount == Decimal("3.20")


def test_it_expires(caller: Caller) -> None:
    quote = quoted(caller)
    expire(quote["quote_id"])
    before = world()
    assert_problem(caller.submit(**VIDEO, quote_id=quote["quote_id"]), 422, "quote_expired")
    assert world() == before


@pytest.mark.parametrize(
    "change", [{"prompt": "Other."}, {"parameters": {"duration_seconds": 4}}, {**TEXT, "parameters": {}}]
)
def test_it_is_for_its_own_request_alone(caller: Caller, change: dict[str, Any]) -> None:
    quote = quoted(caller)
    before = world()
    answer = caller.submit(**{**VIDEO, **change}, quote_id=quote["quote_id"])
    assert_problem(answer, 422, "quote_mismatch")
    assert world() == before


def test_another_users_quote_is_not_there(caller: Caller, stranger: Caller) -> None:
    quote = quoted(stranger)
    before = world()
    for quote_id in (quote["quote_id"], str(uuid4())):
        assert_problem(caller.submit(**VIDEO, quote_id=quote_id), 404, "not_found")
    assert world() == before


def test_old_quotes_do_not_pile_up(caller: Caller) -> None:
    old = quoted(caller)["quote_id"]
    start = timezone.now() - timedelta(days=2)
    Quote.objects.filter(id=old).update(created_at=start, expires_at=start + timedelta(minutes=10))
    new = quoted(caller)["quote_id"]
    assert [str(quote.id) for quote in Quote.objects.all()] == [new]


def test_a_generation_above_the_most_it_may_cost_is_refused(caller: Caller) -> None:
    before = world()
    problem = assert_problem(caller.submit(**VIDEO, max_cost="3.199999999"), 422, "cost_above_max")
    assert (problem["estimate_usd"], problem["max_cost_usd"]) == ("3.20", "3.199999999")
    assert world() == before
    assert caller.submit(**VIDEO, max_cost="3.2").status_code == 202


def test_it_needs_the_scope_to_submit(new_caller: NewCaller) -> None:
    reader = new_caller(scopes=("generations:read",))
    assert_problem(reader.post(QUOTES, VIDEO), 403, "scope_missing")


def test_a_quote_takes_few_queries(caller: Caller, django_assert_max_num_queries: Any) -> None:
    quoted(caller)
    # Key, prices, quotas, savepoint, old quotes, new quote, audit, end of the savepoint, jobs in flight.
    with django_assert_max_num_queries(9):
        quoted(caller)
