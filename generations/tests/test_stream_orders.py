"""How a text is delivered is no part of what is asked for: neither a quote nor an Idempotency-Key depends on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generations.models import Generation
from generations.services.answer import Answer
from generations.services.submit import Order, submit
from tests.rest import Caller

ORDER = Order(model="gemini-3.5-flash-lite", prompt="The sea.")
STREAMED = replace(ORDER, stream=True)


@pytest.mark.usefixtures("prices", "no_jobs")
@pytest.mark.parametrize("order", [ORDER, STREAMED])
def test_a_job_remembers_whether_it_is_streamed(caller: Caller, order: Order) -> None:
    generation, _ = submit(api_key=caller.key, order=order)

    assert Generation.objects.get(id=generation.id).streamed is order.stream


@pytest.mark.usefixtures("prices", "no_jobs")
def test_a_repeated_key_gives_the_first_job_however_it_is_delivered(caller: Caller) -> None:
    first, _ = submit(api_key=caller.key, order=replace(ORDER, idempotency_key="k"))

    again, replayed = submit(api_key=caller.key, order=replace(STREAMED, idempotency_key="k"))

    assert (again.id, again.streamed, replayed) == (first.id, False, True)
    assert Generation.objects.count() == 1


def test_the_content_of_an_order_is_the_same() -> None:
    assert STREAMED.content() == ORDER.content()
    assert STREAMED.priced_content() == ORDER.priced_content()


def test_a_journal_of_the_code_before_is_still_read() -> None:
    written = Answer(("The sea.",), (), None, "r").as_json()
    del written["broken"]

    assert Answer.from_json(written) == Answer(("The sea.",), (), None, "r")


def test_a_broken_answer_comes_back_from_its_journal() -> None:
    answer = Answer(("The s",), (), {"output_token": 2}, "", broken=True)

    assert Answer.from_json(answer.as_json()) == answer
