"""What a generation, or the price of one, is asked for with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Required, TypedDict
from uuid import uuid4

from generation_hub.encoding import Known, Usd, body, id_of, usd
from generation_hub.plan import Request
from generation_hub.shapes.work import Quote

GENERATIONS = "/generations"


@dataclass(frozen=True, slots=True)
class Input:
    """A file for a model that knows roles, such as `first_frame`."""

    media: Known
    role: str | None = None


class Work(TypedDict, total=False):
    """What determines a price. `inputs` are files of yours, in their order."""

    model: Required[str]
    prompt: Required[str]
    parameters: Mapping[str, Any] | None
    inputs: Sequence[Input | Known]


class Order(Work, total=False):
    """What a generation is asked for with.

    `max_cost`: refused when it can cost more. `quote`: to have its price. `idempotency_key`: one is made when you give
    none; give your own to make the order safe to repeat by another process too.
    """

    tags: Sequence[str]
    max_cost: Usd | None
    quote: Quote | str | None
    idempotency_key: str | None


def work_body(work: Work) -> dict[str, Any]:
    inputs = [_input(each) for each in work.get("inputs") or ()]
    return body(
        model=work["model"],
        prompt=work["prompt"],
        parameters=None if (given := work.get("parameters")) is None else dict(given),
        inputs=inputs or None,
    )


def order_request(order: Order, **headers: str) -> Request:
    """The POST of an order; the names of `headers` have underscores for dashes."""
    max_cost, quote = order.get("max_cost"), order.get("quote")
    extra = body(
        tags=list(order.get("tags") or ()) or None,
        max_cost=None if max_cost is None else usd(max_cost),
        quote_id=None if quote is None else id_of(quote),
    )
    return Request(
        method="POST",
        path=GENERATIONS,
        headers={
            "Idempotency-Key": order.get("idempotency_key") or str(uuid4()),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        body=work_body(order) | extra,
    )


def _input(given: Input | Known) -> dict[str, object]:
    if isinstance(given, Input):
        return body(media_id=id_of(given.media), role=given.role)
    return {"media_id": id_of(given)}
