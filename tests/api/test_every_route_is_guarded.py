"""No key, a key that may not, and somebody else's object, at every route that the URL table has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from tests.rest import Caller, assert_problem, world
from tests.routes import OPEN, Route, calls, routes
from users.scopes import ALL_SCOPES

Make = Callable[[Route, Caller], dict[str, UUID]]
Body = Callable[[Route, str], Any]
CALLS = calls()
OF_OBJECTS = [each for each in CALLS if each.values[0].names]


def somewhere(route: Route) -> str:
    return route.at(**{name: uuid4() for name in route.names})


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_without_a_key_it_is_refused(db: None, route: Route, method: str) -> None:
    before = world()
    assert_problem(Client().generic(method, somewhere(route)), 401, "api_key_missing")
    # The refusal itself is on the audit trail, and nothing else.
    assert world() == {**before, "AuditLog": before["AuditLog"] + 1}


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_a_key_without_the_scope_is_refused(
    new_caller: Callable[..., Caller], make: Make, body: Body, route: Route, method: str
) -> None:
    scope = route.scope(method)
    assert scope in ALL_SCOPES
    owner = new_caller()
    path = route.at(**make(route, owner))
    limited = owner.with_scopes(set(ALL_SCOPES) - {scope})
    before = world()
    problem = assert_problem(limited.call(method, path, body(route, method)), 403, "scope_missing")
    assert problem["required_scope"] == scope
    assert world() == before


@pytest.mark.parametrize(("route", "method"), OF_OBJECTS)
def test_anothers_object_is_not_found(
    caller: Caller, stranger: Caller, make: Make, body: Body, route: Route, method: str
) -> None:
    theirs = make(route, stranger)
    sent = body(route, method)
    before = world()
    foreign = assert_problem(caller.call(method, route.at(**theirs), sent), 404, "not_found")
    missing = assert_problem(caller.call(method, somewhere(route), sent), 404, "not_found")
    assert foreign["detail"] == missing["detail"]
    assert world() == before


@pytest.mark.parametrize(("route", "method"), OF_OBJECTS)
def test_the_owner_finds_it(caller: Caller, make: Make, body: Body, route: Route, method: str) -> None:
    """Or the refusal above would say nothing about whose it is."""
    answer = caller.call(method, route.at(**make(route, caller)), body(route, method))
    answer.close()
    assert answer.status_code < 500
    assert answer.status_code not in (401, 403, 404, 405)


def test_an_exemption_names_a_route_that_is_there(caller: Caller) -> None:
    for name, why in OPEN.items():
        assert why
        assert Client().get(f"/api/v1/{name}").status_code == 200


def test_every_route_has_a_name_of_its_own() -> None:
    names = [route.name for route in routes()]
    assert all(names)
    assert len(names) == len(set(names))
