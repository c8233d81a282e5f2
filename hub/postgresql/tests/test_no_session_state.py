"""The hub leaves nothing on a connection: in transaction mode the next statement may go over another one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from hub.env import BASE_DIR

APPS = ("hub", "audit", "users", "usage", "media", "generations")
# Migrations take the direct way.
DIRECT = ("migrations", "tests")
# So do these, each over a connection of its command's own.
ALLOWED = {
    "hub/neon/drill.py": "one drill at a time: the lock goes with its connection, whatever ends it",
    "hub/neon/gate/lock_timeout.py": "migrate gives the timeout for as long as it runs",
}
SESSION = re.compile(
    r"""pg_(try_)?advisory_lock\b | pg_(try_)?advisory_lock_shared\b | pg_advisory_unlock
    | (^|;)\s*(SET|set)\s+(SESSION\s+)?(?!LOCAL\b|local\b|CONSTRAINTS\b|TRANSACTION\b)[\w.]+\s*(=|\bTO\b)
    | (^|;)\s*(RESET|LISTEN|UNLISTEN|LOAD|DISCARD|DEALLOCATE|PREPARE)\s+\w
    | \bCREATE\s+(LOCAL\s+|GLOBAL\s+)?TEMP(ORARY)?\b | \bWITH\s+HOLD\b
    | set_config\([^)]*,\s*(false|FALSE)\s*\)""",
    re.VERBOSE,
)


def texts(source: str) -> Iterator[str]:
    """Every literal text in the code but docstrings, f-strings by their pieces."""
    tree = ast.parse(source)
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_no_statement_of_the_hub_needs_the_connection_that_it_came_over() -> None:
    found = [
        (str(path.relative_to(BASE_DIR)), text)
        for app in APPS
        for path in sorted((BASE_DIR / app).rglob("*.py"))
        if not set(DIRECT) & set(path.relative_to(BASE_DIR).parts)
        for text in texts(path.read_text())
        if SESSION.search(text)
    ]
    assert [(path, text) for path, text in found if path not in ALLOWED] == []
    assert {path for path, _ in found} == ALLOWED.keys()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock(%s)",
        "SET statement_timeout = 0",
        "SET SESSION lock_timeout TO '1s'",
        "SELECT 1; SET search_path = x",
        "RESET ALL",
        "LISTEN jobs",
        "PREPARE plan AS SELECT 1",
        "CREATE TEMPORARY TABLE x (id int)",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SELECT set_config('x.y', '1', false)",
    ],
)
def test_it_would_be_seen(statement: str) -> None:
    assert [text for text in texts(f"cursor.execute({statement!r})") if SESSION.search(text)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_try_advisory_xact_lock(%s)",
        "SET LOCAL lock_timeout = '1s'",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "UPDATE users SET status = 'active'",
        "SELECT set_config('x.y', '1', true)",
    ],
)
def test_what_ends_with_the_transaction_may_be(statement: str) -> None:
    assert not SESSION.search(statement)
