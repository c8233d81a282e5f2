"""`manage.py explain_queries` measures in a database of its own, writes what it found, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from hub.env import BASE_DIR
from hub.neon.queries.page import fingerprints, indexes_named
from tests.owner import owner_url

PAGE = BASE_DIR / "docs" / "QUERY_PERF.md"


def explain(*options: str, **environment: str) -> tuple[int, str]:
    """As a process of its own: it leads its connection to another database."""
    argv = [sys.executable, "manage.py", "explain_queries", *options]
    done = subprocess.run(argv, cwd=BASE_DIR, env={**os.environ, **environment}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def scratch_databases() -> list[str]:
    with psycopg.connect(owner_url(), autocommit=True) as server:
        return [name for [name] in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'hub_scratch%'")]


def test_it_writes_a_page_with_every_statement_and_drops_its_database(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    status, said = explain("--rows", "12000", "--output", str(path))
    assert status == 0, said
    text, committed = path.read_text(), PAGE.read_text()
    assert fingerprints(text) <= fingerprints(committed)
    assert {name for name, _ in fingerprints(text)} == {name for name, _ in fingerprints(committed)}
    assert indexes_named(text) == indexes_named(committed)
    assert "usage_logs 12,000" in text
    assert scratch_databases() == []


@pytest.fixture
def powerless() -> str:
    """The way of `app`, which may create nothing, past the pooler."""
    app, direct = urlsplit(os.environ["DATABASE_URL"]), urlsplit(os.environ["DATABASE_URL_DIRECT"])
    return urlunsplit(direct._replace(netloc=f"{app.username}:{app.password}@{direct.hostname}:{direct.port}"))


def test_a_role_without_the_right_is_told_in_one_line(powerless: str, tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    status, said = explain("--rows", "1000", "--output", str(path), DATABASE_URL_DIRECT=powerless)
    assert (status, path.exists()) == (1, False)
    last = said.strip().splitlines()[-1]
    assert "permission denied to create database. Connect as a role that may create databases" in last
    assert "Traceback" not in said


@pytest.mark.parametrize("command", ["explain_queries", "neon_rules"])
def test_a_server_that_is_not_there_is_one_line(command: str) -> None:
    nowhere = {"DATABASE_URL_DIRECT": "postgresql://migrator:x@127.0.0.1:9/hub"}
    argv = [sys.executable, "manage.py", command]
    done = subprocess.run(argv, cwd=BASE_DIR, env={**os.environ, **nowhere}, capture_output=True, text=True)
    [line] = done.stderr.strip().splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert line.startswith("CommandError: The database cannot be used: connection to server at")


def test_a_number_of_rows_that_says_nothing_is_refused() -> None:
    assert explain("--rows", "7")[0] == 2
