"""The ORM is the way to the data: where SQL is written by hand nevertheless, and why.

Found in the syntax tree, so that no comment or string is taken for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

# Called as a method: a cursor, a raw query, the escape hatch of a queryset.
METHODS = frozenset({"cursor", "raw", "extra", "_nodb_cursor", "chunked_cursor", "create_cursor"})
# Used by name: in expressions, in migrations, and the driver past Django.
NAMES = frozenset({"RawSQL", "RunSQL"})
DRIVERS = frozenset({"psycopg", "psycopg_pool", "psycopg2", "asyncpg", "sqlite3"})
# {module: (what of it, why)}. Tests are left out: they look at the tables behind the ORM's back, to see what is there.
ALLOWED: Mapping[str, tuple[set[str], str]] = {
    "hub/common/locks.py": ({"cursor"}, "advisory locks, which the ORM does not know"),
    "hub/common/reindexing.py": ({"cursor"}, "a page of bytes by key, past fields that would open them"),
    "hub/common/reconciling.py": ({"cursor"}, "sums over whole tables, compared where they lie"),
    "hub/common/sealed_columns.py": ({"cursor"}, "counts and pages by the bytes of sealed values, in one scan"),
    "hub/common/swapping.py": ({"cursor"}, "compare-and-swap of sealed bytes, past fields that would seal them"),
    "hub/common/time_limits.py": ({"cursor"}, "a setting of the transaction"),
    "hub/common/triggers.py": ({"RunSQL"}, "triggers of append-only tables, for migrations alone"),
    "hub/local/postgres.py": ({"connect"}, "asks whether the embedded server is up, before there is Django"),
    "hub/local/pgbouncer.py": ({"connect"}, "asks whether the pooler is up, before there is Django"),
    "hub/neon/access.py": ({"sql"}, "roles, grants and owners, which the ORM does not know"),
    "hub/management/commands/explain_queries.py": ({"cursor"}, "the version of the server and the sizes of tables"),
    "hub/neon/auditing/sections.py": ({"cursor"}, "what the server counts is in its catalogue"),
    "hub/neon/backup_records.py": ({"cursor"}, "the identity of a cluster is in no table"),
    "hub/neon/connections.py": ({"connect"}, "a connection of another role, beside Django's own"),
    "hub/neon/backups/taking.py": ({"cursor"}, "the snapshot that a dump reads, and where the log stands"),
    "hub/neon/drill.py": ({"cursor"}, "makes and drops a database, and counts the rows of every table"),
    "hub/neon/gate/lock_timeout.py": ({"cursor"}, "a setting of the session, for the time of a migration"),
    "hub/neon/gate/operations.py": ({"RunSQL"}, "names the operation in order to judge it"),
    "hub/neon/gate/plan.py": ({"RunSQL"}, "names the operation in order to judge it"),
    "hub/neon/gate/refusals.py": ({"cursor"}, "the role, and whether there are tables, are in the catalogue"),
    "hub/neon/gate/sql.py": ({"RunSQL"}, "names the operation in order to judge it"),
    "hub/neon/rights.py": ({"sql"}, "roles, grants and owners, which the ORM does not know"),
    "hub/neon/roles.py": ({"sql"}, "roles, grants and owners, which the ORM does not know"),
    "hub/neon/programs.py": ({"cursor"}, "the version of the server"),
    "hub/neon/queries/indexes.py": ({"cursor"}, "the indexes that there are stand in the catalogue"),
    "hub/neon/queries/plans.py": ({"cursor"}, "EXPLAIN of whatever the product itself sent"),
    "hub/neon/queries/seeding.py": ({"cursor"}, "a million rows by one statement, in a scratch database"),
    "hub/neon/rules/catalogue.py": ({"cursor"}, "constraints and triggers stand in the catalogue"),
    "hub/neon/shadow.py": ({"cursor"}, "makes and drops a database"),
}
LEFT_OUT = frozenset({".venv", "var", "static", "node_modules", ".git", "__pycache__"})


def constructs(source: str) -> set[str]:
    """What of it a module does: `cursor`, `raw`, `extra`, `RawSQL`, `RunSQL`, `connect` past Django, `sql` composed."""
    return {name for node in ast.walk(ast.parse(source)) for name in _of(node)}


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from {node.func.attr} & METHODS
        yield from {"connect"} if _opens(node.func) else ()
    elif isinstance(node, ast.Name):
        yield from {node.id} & NAMES
    elif isinstance(node, ast.Attribute):
        yield from {node.attr} & NAMES
    elif isinstance(node, ast.ImportFrom):
        yield from _of_import(node)


def _of_import(node: ast.ImportFrom) -> Iterator[str]:
    names = {alias.name for alias in node.names}
    yield from names & NAMES
    if (node.module or "").partition(".")[0] in DRIVERS:
        yield from names & {"connect", "sql"}


def _opens(function: ast.Attribute) -> bool:
    """psycopg.connect(...), psycopg.Connection.connect(...)"""
    owner = ast.unparse(function.value)
    return function.attr == "connect" and owner.partition(".")[0] in DRIVERS


def modules(root: Path) -> Iterator[Path]:
    """Every Python file of the tree that is not a test, relative to `root`."""
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        is_test = "tests" in relative.parts or relative.name == "conftest.py"
        if LEFT_OUT.isdisjoint(relative.parts) and not is_test:
            yield relative


def found_in(root: Path) -> dict[str, set[str]]:
    """{path: what it does}, of the modules that do anything of it."""
    found = {str(path): constructs((root / path).read_text(encoding="utf-8")) for path in modules(root)}
    return {path: what for path, what in found.items() if what}


def violations(root: Path, *, allowed: Mapping[str, tuple[set[str], str]] = ALLOWED) -> Iterator[str]:
    """What is done where it is not allowed, and what is allowed where it is not done; a line each."""
    found = found_in(root)
    for path in sorted(found.keys() | allowed.keys()):
        done, may = found.get(path, set()), allowed[path][0] if path in allowed else set()
        yield from (f"{path}: {what} is not allowed there" for what in sorted(done - may))
        yield from (f"{path}: {what} is allowed there, and not done" for what in sorted(may - done))
