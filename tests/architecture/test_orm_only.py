"""The ORM is the way to the data. SQL by hand stands where it cannot be otherwise, and each place says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from hub.neon.sql_by_hand import ALLOWED, constructs, found_in, violations


def test_sql_by_hand_stands_where_it_is_allowed_and_nowhere_else() -> None:
    """A place that has lost its need goes from the list."""
    assert list(violations(settings.BASE_DIR)) == []


def test_a_place_that_is_not_allowed_and_one_without_need_are_named(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text("connection.cursor()")
    said = list(violations(tmp_path, allowed={"old.py": ({"cursor"}, "it was needed once")}))
    assert said == ["new.py: cursor is not allowed there", "old.py: cursor is allowed there, and not done"]


def test_every_place_says_why() -> None:
    assert min(len(reason) for _, reason in ALLOWED.values()) > 20


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("with connection.cursor() as c: c.execute('DROP TABLE x')", "cursor"),
        ("connections['default'].cursor().execute(q)", "cursor"),
        ("User.objects.raw('SELECT 1')", "raw"),
        ("User.objects.filter(a=1).extra(where=['1=1'])", "extra"),
        ("from django.db.models.expressions import RawSQL as Fine", "RawSQL"),
        ("from django.db import models\nx = models.expressions.RawSQL('1', [])", "RawSQL"),
        ("from django.db import migrations\nmigrations.RunSQL('DROP TABLE x')", "RunSQL"),
        ("import psycopg\npsycopg.connect('x').execute('SELECT 1')", "connect"),
        ("import psycopg\npsycopg.AsyncConnection.connect('x')", "connect"),
        ("from psycopg import connect", "connect"),
        ("from psycopg import sql", "sql"),
    ],
)
def test_every_kind_of_it_is_found(tmp_path: Path, source: str, what: str) -> None:
    module = tmp_path / "generations" / "services.py"
    module.parent.mkdir()
    module.write_text(source)
    assert found_in(tmp_path) == {"generations/services.py": {what}}


@pytest.mark.parametrize(
    "source",
    [
        "# connection.cursor()\nx = 'User.objects.raw()'",
        "page.cursor\ncursor = decode(cursor)",
        "import psycopg\nraise psycopg.OperationalError",
        "def raw(): ...\nraw()",
        "signal.connect(receiver)",
    ],
)
def test_what_only_sounds_like_it_is_let_be(source: str) -> None:
    assert constructs(source) == set()


@pytest.mark.parametrize("path", ["tests/x.py", "users/tests/x.py", ".venv/lib/x.py", "var/x.py", "conftest.py"])
def test_tests_and_packages_are_left_out(tmp_path: Path, path: str) -> None:
    module = tmp_path / path
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text("connection.cursor()")
    assert found_in(tmp_path) == {}
