"""A quote prices the files of an order too, and is for those files alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from generations.models import Generation, Quote
from tests.files import picture
from tests.rest import MEDIA, Caller, assert_problem, world
from usage.models import ModelPrice, QuotaHold

pytestmark = pytest.mark.usefixtures("prices", "no_jobs", "place")
QUOTES = "/api/v1/quotes"
TEXT, VEO = "gemini-3.8-flash", "veo-3.1-generate-001"
ORDER: dict[str, Any] = {"model": TEXT, "prompt": "What is this?"}
FILM: dict[str, Any] = {"model": VEO, "prompt": "The waves begin to move."}


@pytest.fixture
def place(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def sent(caller: Caller) -> Callable[[str], dict[str, Any]]:
    """Uploads a picture and gives it as an input."""

    def sent(kind: str) -> dict[str, Any]:
        return {"media_id": caller.upload(picture(kind)).json()["id"]}

    return sent


Sent = Callable[[str], dict[str, Any]]


def quoted(caller: Caller, order: dict[str, Any]) -> dict[str, Any]:
    answer = caller.post(QUOTES, order)
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def dearer(model: str) -> None:
    """Doubles every price of the model from now on, until its next one."""
    now = timezone.now()
    for row in ModelPrice.objects.in_force(now).filter(model=model):
        QuerySet(ModelPrice).filter(pk=row.pk).update(effective_to=now)
        ModelPrice.objects.create(
            **{"model": model, "unit": row.unit, "variant": row.variant, "price": row.price * 2, "source": "test"},
            effective_from=now,
            effective_to=row.effective_to,
        )


def test_it_prices_the_files_as_a_submission_does(caller: Caller, sent: Sent) -> None:
    order = {**ORDER, "inputs": [sent("PNG")]}
    plain, quote = quoted(caller, ORDER), quoted(caller, order)
    assert quote["units"]["input_token"] - plain["units"]["input_token"] >= 1120
    assert caller.submit(**order).json()["estimate_usd"] == quote["amount_usd"]


def test_it_is_honoured_with_its_files_after_prices_rose(caller: Caller, sent: Sent) -> None:
    order = {**ORDER, "inputs": [sent("PNG")]}
    quote = quoted(caller, order)
    dearer(TEXT)
    assert quoted(caller, order)["amount_usd"] != quote["amount_usd"]
    shown = caller.submit(**order, quote_id=quote["quote_id"]).json()
    assert (shown["estimate_usd"], len(shown["inputs"])) == (quote["amount_usd"], 1)
    assert QuotaHold.objects.get().amount == Generation.objects.get().estimate


def test_it_is_for_its_own_files_in_their_order_and_roles_alone(caller: Caller, sent: Sent) -> None:
    first, last = sent("PNG"), sent("JPEG")
    quote = quoted(caller, {**FILM, "inputs": [first, last]})
    before = world()
    swapped = [{**first, "role": "last_frame"}, {**last, "role": "first_frame"}]
    for inputs in ([], [first], [last, first], swapped):
        answer = caller.submit(**FILM, inputs=inputs, quote_id=quote["quote_id"])
        assert_problem(answer, 422, "quote_mismatch")
    assert_problem(caller.submit(**FILM, quote_id=quote["quote_id"]), 422, "quote_mismatch")
    assert world() == before
    assert caller.submit(**FILM, inputs=[first, last], quote_id=quote["quote_id"]).status_code == 202


def test_no_files_and_an_empty_list_of_them_are_the_same_request(caller: Caller) -> None:
    quote = quoted(caller, {**ORDER, "inputs": []})
    assert caller.submit(**ORDER, quote_id=quote["quote_id"]).status_code == 202


def test_it_does_not_keep_a_file_from_deletion(caller: Caller, sent: Sent) -> None:
    order = {**ORDER, "inputs": [sent("PNG")]}
    quote = quoted(caller, order)
    assert caller.delete(f"{MEDIA}/{order['inputs'][0]['media_id']}").status_code == 204
    before = world()
    assert_problem(caller.submit(**order, quote_id=quote["quote_id"]), 422, "unknown_media")
    assert world() == before


def test_it_refuses_the_files_that_a_submission_would_refuse(caller: Caller, stranger: Caller, sent: Sent) -> None:
    theirs = {"media_id": stranger.upload(picture()).json()["id"]}
    own = sent("PNG")
    before = world()
    assert_problem(caller.post(QUOTES, {**ORDER, "inputs": [theirs]}), 422, "unknown_media")
    assert_problem(caller.post(QUOTES, {**FILM, "inputs": [own] * 3}), 422, "invalid_inputs")
    assert_problem(caller.post(QUOTES, {**ORDER, "inputs": [{"media_id": 7}]}), 422, "invalid_request")
    assert world() == before
    assert not Quote.objects.exists()
