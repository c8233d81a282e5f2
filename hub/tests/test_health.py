"""Alive: nothing is touched. Ready: everything is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client, override_settings

from hub.common.redis import redis_client
from tests.owner import as_owner
from tests.rest import assert_problem

READY = {"database": "ok", "migrations": "ok", "broker": "ok", "storage": "ok"}


def refuse_to_run(*args: Any) -> Any:
    raise OperationalError("no server at 10.0.0.7")


def test_livez_asks_nothing_of_the_database(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_livez_needs_no_database_at_all() -> None:
    # Without the db fixture, any use of it is an error.
    assert Client().get("/livez").status_code == 200


def test_readyz_is_200_when_every_part_is_there(db: None, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "parts": READY})


def test_readyz_names_a_database_that_is_away(db: None) -> None:
    with connection.execute_wrapper(refuse_to_run):
        answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["migrations"] == "unreachable"
    assert "10.0.0.7" not in answer.content.decode()


def test_readyz_names_migrations_that_are_not_applied(db: None) -> None:
    [newest] = MigrationLoader(connection).graph.leaf_nodes("generations")
    as_owner("DELETE FROM django_migrations WHERE (app, name) = (%s, %s)", newest)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["migrations"] == "migrations are not applied"


@pytest.fixture
def broker_away() -> Iterator[None]:
    """Nothing listens where Redis should be."""
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        redis_client.cache_clear()
        yield
    redis_client.cache_clear()


def test_readyz_names_a_broker_that_is_away(db: None, broker_away: None) -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["broker"] == "unreachable"


def test_readyz_names_a_storage_that_cannot_be_made(db: None, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["storage"] == "unreachable"


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_only_read(db: None, path: str) -> None:
    refused = Client().post(path)
    assert_problem(refused, 405, "method_not_allowed")
    assert refused["Allow"] == "GET, HEAD, OPTIONS"
    assert Client().options(path).status_code == 204
    assert Client().head(path).status_code in (200, 503)
