"""One generation of every kind, over REST, through real processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stack import HubStack

pytestmark = pytest.mark.stack


def test_it_finishes_one_of_every_model(new_stack: Callable[..., HubStack]) -> None:
    stack = new_stack()
    models = [model["id"] for model in stack.rich.call("GET", "/api/v1/models").json["results"]]
    jobs = {model: stack.rich.submit(model, "A lighthouse at dusk.") for model in models}
    stack.wait_until_all_have_ended()
    for model, job in jobs.items():
        shown = stack.rich.generation(job)
        assert (shown["status"], shown["attempts"], len(stack.calls_of(job))) == ("succeeded", 1, 1), model
        assert shown["outputs"], model
        for output in shown["outputs"]:
            content = stack.rich.call("GET", output["url"]) if "url" in output else None
            assert content is None or len(content.body) == output["bytes"] > 0, model
    stack.assert_the_books_balance()
