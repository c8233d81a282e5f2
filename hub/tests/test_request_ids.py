"""One id follows a request: the client's when it is a safe one, else a new one."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from hub.common.request_id import current_request_id


def test_it_sends_back_what_the_client_gave() -> None:
    assert Client().get("/livez", headers={"X-Request-ID": "a.B_c-9"})["X-Request-ID"] == "a.B_c-9"


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 65, "a\tb", "<b>", "naïve"])
def test_it_replaces_what_is_not_safe_in_a_log(given: str) -> None:
    made = Client().get("/livez", headers={"X-Request-ID": given})["X-Request-ID"]
    assert UUID(made).version == 7


def test_each_request_has_its_own_and_leaves_none_behind() -> None:
    ids = {Client().get("/livez")["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert current_request_id() == ""
