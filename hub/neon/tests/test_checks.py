"""In production the two ways to the database are looked at before anything is done with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from hub.databases import database_entry
from hub.env import database
from hub.neon.checks import database_ways, stop_on_errors
from hub.neon.connections import is_pooled
from hub.process import process_name

TLS = "?sslmode=require&channel_binding=require"
POOLED = f"postgresql://app:x@ep-cool-1-pooler.eu-central-1.aws.neon.tech/hub{TLS}"
DIRECT = f"postgresql://migrator:x@ep-cool-1.eu-central-1.aws.neon.tech/hub{TLS}"


@pytest.fixture
def ids(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The ids of the messages for these URLs, in production."""

    def ids(pooled: str = POOLED, direct: str = DIRECT, **changes: Any) -> list[str]:
        entries = []
        for url in (pooled, direct):
            monkeypatch.setenv("WAY", url)
            entries.append(database_entry(database("WAY"), process="test"))
        options = changes.pop("options", {})
        settings.DATABASE_POOLED = entries[0] | changes | {"OPTIONS": entries[0]["OPTIONS"] | options}
        settings.DATABASE_DIRECT = entries[1]
        settings.DATABASE_URL, settings.DATABASE_URL_DIRECT = pooled, direct
        settings.DEVELOPMENT = False
        return [str(message.id) for message in database_ways()]

    return ids


def test_a_pooled_and_a_direct_way_with_tls_are_sound(ids: Any) -> None:
    assert ids() == []
    stop_on_errors()


def test_a_process_that_knows_one_way_only_is_sound(ids: Any) -> None:
    assert ids(direct=POOLED) == []


@pytest.mark.parametrize(
    ("pooled", "direct", "found"),
    [
        (POOLED.replace("-pooler", ""), DIRECT, ["hub.E101"]),
        (POOLED, DIRECT.replace("ep-cool-1", "ep-cool-1-pooler"), ["hub.E102"]),
        (POOLED.replace("app:", "neondb_owner:"), DIRECT, ["hub.E103"]),
        (POOLED, DIRECT.replace("migrator:", "app:"), ["hub.E104"]),
        (f"{POOLED}&options=-c%20statement_timeout%3D5s", DIRECT, ["hub.E106"]),
        (POOLED.replace(TLS, ""), DIRECT, ["hub.E108"]),
        (POOLED.replace(TLS, "?sslmode=prefer"), DIRECT, ["hub.E108"]),
        (POOLED.replace(TLS, "?sslmode=require"), DIRECT, ["hub.W108"]),
        (POOLED.replace(TLS, "?sslmode=verify-full"), DIRECT, []),
        (POOLED, DIRECT.replace("/hub", "/other"), ["hub.E110"]),
        ("postgresql://app:x@127.0.0.1:6432/hub", DIRECT, []),
    ],
)
def test_a_url_that_is_not_sound_is_named(ids: Any, pooled: str, direct: str, found: list[str]) -> None:
    assert ids(pooled, direct) == found


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"DISABLE_SERVER_SIDE_CURSORS": False}, ["hub.E105"]),
        ({"options": {"assume_role": "migrator"}}, ["hub.E107"]),
        ({"options": {"pool": {"min_size": 0}}}, ["hub.E109"]),
        ({"options": {"pool": {"min_size": 0}}, "CONN_MAX_AGE": 0}, []),
    ],
)
def test_a_setting_that_is_not_sound_is_named(ids: Any, changes: dict[str, Any], found: list[str]) -> None:
    assert ids(**changes) == found


def test_an_error_stops_a_process_as_it_starts(ids: Any) -> None:
    ids(POOLED.replace("-pooler", ""))
    with pytest.raises(ImproperlyConfigured, match=r"Neon's direct host. Put -pooler .*hub\.E101"):
        stop_on_errors()


def test_development_may_do_as_it_likes(ids: Any, settings: Any) -> None:
    assert ids(POOLED.replace("-pooler", "")) == ["hub.E101"]
    settings.DEVELOPMENT = True
    assert database_ways() == []


def test_manage_py_check_runs_them() -> None:
    assert database_ways in checks.registry.registry.registered_checks


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("ep-cool-1-pooler.eu-central-1.aws.neon.tech", True),
        ("ep-cool-1.eu-central-1.aws.neon.tech", False),
        ("ep-cool-1.example-pooler.tech", False),
        ("", False),
    ],
)
def test_the_pooler_is_known_by_the_name_of_the_endpoint(host: str, expected: bool) -> None:
    assert is_pooled(host) is expected


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["manage.py", "clock"], "hub clock"),
        (["/srv/hub/manage.py", "migrate", "--plan"], "hub migrate"),
        (["/usr/lib/gunicorn/__main__.py", "hub.asgi"], "hub web"),
        (["/usr/bin/celery", "-A", "hub"], "hub worker"),
        (["pytest"], "hub"),
        ([], "hub"),
    ],
)
def test_a_process_is_named_where_connections_are_listed(argv: list[str], name: str) -> None:
    assert process_name(argv) == name
