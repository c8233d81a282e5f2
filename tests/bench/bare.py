"""The SQL of one job as the hub sends it, replayed as bare psycopg statements with fresh keys: the floor of the work.

What is left out is everything else: the ORM, validation, encryption (its results are replayed), Redis, HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from hub.common.ids import uuid7
from tests.bench.wrong import WorkWentWrong

BOUNDARIES = ("BEGIN", "COMMIT")


@dataclass(frozen=True, slots=True)
class Statement:
    """One round trip; `rows` is what it affected or returned on the real path."""

    sql: str
    params: Any = None
    rows: int = -1


@dataclass
class _Recorder:
    statements: list[Statement] = field(default_factory=list)

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        self.statements.append(Statement(sql, params, context["cursor"].rowcount))
        return result


def recorded(work: Callable[[], Any]) -> list[Statement]:
    """What `work` sent to the database, with BEGIN and COMMIT where they were."""
    recorder = _Recorder()
    before = connection.force_debug_cursor
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    try:
        with connection.execute_wrapper(recorder):
            work()
        sent = [query["sql"] for query in connection.queries_log]
    finally:
        connection.force_debug_cursor = before
    statements = iter(recorder.statements)
    return [Statement(sql) if sql in BOUNDARIES else next(statements) for sql in sent]


class Replay:
    """A job's statements, as often as wanted. `first` and `second` are recordings of the same work with other keys:
    the keys in which they differ are made anew for every run.
    """

    def __init__(self, first: list[Statement], second: list[Statement]) -> None:
        if [one.sql for one in first] != [one.sql for one in second]:
            raise WorkWentWrong("The same work sent different statements.")
        self._statements = second
        self._fresh = _keys(second) - _keys(first)

    def __len__(self) -> int:
        return len(self._statements)

    def run(self, bare: psycopg.Connection[Any], keys: dict[UUID, UUID], part: slice) -> None:
        """Sends the statements of `part`; `keys` is shared by the parts of one job. Raises WorkWentWrong."""
        for key in self._fresh - keys.keys():
            keys[key] = uuid7()
        for statement in self._statements[part]:
            _send(bare, statement, keys)


def bare_connection() -> psycopg.Connection[Any]:
    """As Django's: parameters are put in on this side, nothing is prepared."""
    settings = connection.get_connection_params()
    wanted = {name: settings[name] for name in ("dbname", "user", "password", "host", "port") if name in settings}
    return psycopg.connect(**wanted, autocommit=True, prepare_threshold=None, cursor_factory=psycopg.ClientCursor)


def _send(bare: psycopg.Connection[Any], statement: Statement, keys: dict[UUID, UUID]) -> None:
    if statement.sql in BOUNDARIES:
        bare.execute(statement.sql)
        return
    cursor = bare.execute(statement.sql, _renewed(statement.params, keys))
    if cursor.description is not None:
        cursor.fetchall()
    if cursor.rowcount != statement.rows:
        raise WorkWentWrong(f"Replayed, it met {cursor.rowcount} rows, not {statement.rows}: {statement.sql[:200]}")


def _keys(statements: list[Statement]) -> set[UUID]:
    return {key for statement in statements for key in _uuids(statement.params)}


def _uuids(value: Any) -> set[UUID]:
    if isinstance(value, UUID):
        return {value}
    if isinstance(value, list | tuple):
        return set().union(*(_uuids(each) for each in value))
    return set()


def _renewed(value: Any, keys: dict[UUID, UUID]) -> Any:
    if isinstance(value, UUID):
        return keys.get(value, value)
    if isinstance(value, list | tuple):
        return type(value)(_renewed(each, keys) for each in value)
    return value
