"""docs/API.md has every operation in a table, with the scope that it needs, and the README's table every address."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, get_resolver

from hub.env import BASE_DIR
from tests.routes import API, OPEN, Route, calls, routes

PAGE, README = BASE_DIR / "docs" / "API.md", BASE_DIR / "README.md"
_OPERATION = re.compile(r"^([A-Z]+) (?:/api/v1/)?([\w/{}-]+)$")


def rows() -> Iterator[tuple[str, str]]:
    """First and second cell of each row of the page's tables."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if len(cells) > 1:
            yield cells[0], cells[1]


def documented() -> dict[tuple[str, str], str]:
    """{(method, address with `{id}` for what varies): scope}."""
    named = ((_OPERATION.match(words), scope) for first, scope in rows() for words in re.findall(r"`([^`]+)`", first))
    return {(match[1], match[2]): scope.strip("`") for match, scope in named if match}


def address(route: Route) -> str:
    return re.sub(r"\{\w+\}", "{id}", route.path.removeprefix(f"/{API}"))


@pytest.mark.parametrize(("route", "method"), calls())
def test_the_page_has_each_operation_with_its_scope(route: Route, method: str) -> None:
    assert documented().get((method, address(route))) == route.scope(method)


def test_the_page_has_no_operation_that_is_not_there() -> None:
    known = {(method, address(route)) for route in routes() for method in route.methods}
    assert set(documented()) - known == set()


def outside_the_api() -> set[str]:
    patterns = get_resolver().url_patterns
    return {str(each.pattern) for each in patterns if isinstance(each, URLPattern)}


def test_the_readme_has_each_address() -> None:
    cells = [line.split("|")[1] for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = set[str]()
    for cell in cells:
        first = ""
        for words in re.findall(r"`(?:[A-Z]+ )?(/[^`]*)`", cell):
            # `/api/v1/usage`, `/summary`: what is short goes on from the one before.
            first = words if words.count("/") > 1 else first
            named.add(words if words == first or not first else first + words)
    wanted = {f"/{API}{address(route)}" for route in routes()} | {f"/{API}{name}" for name in OPEN}
    assert {path for path in wanted if not any(path == each or path.startswith(f"{each}/") for each in named)} == set()
    assert {f"/{path}" for path in outside_the_api() if "/" not in path} - named == set()
