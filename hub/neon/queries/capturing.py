"""Runs a named query and takes the statements that it sends; nothing of what it does stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import connection, transaction

# A check that reads batch after batch says the same of each: so many statements are enough to know them all.
MOST_STATEMENTS = 12
_LISTED = re.compile(r"\((?:%s(?:::\w+)?(?:, )?){2,}\)|ANY\(%s\)")
# The admin has none where all fits on one page.
_PAGE = re.compile(r"\s(LIMIT|OFFSET) \d+\b")
_SPACE = re.compile(r"\s+")


class _Enough(BaseException):
    """Nobody but `capture` may catch it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SELECT, with its parameters."""

    sql: str
    params: Sequence[Any] | None

    @property
    def normal(self) -> str:
        """Without what varies from one call to the next: values, how many of them, sizes of pages."""
        one = _LISTED.sub("(…)", self.sql.replace("(%s)", "(…)"))
        return _SPACE.sub(" ", _PAGE.sub("", one)).strip()

    @property
    def fingerprint(self) -> str:
        """The same for the same statement."""
        return sha256(self.normal.encode()).hexdigest()[:12]


@contextmanager
def taken() -> Iterator[list[Statement]]:
    """The SELECTs that the block sends, each once."""
    found: dict[str, Statement] = {}
    statements: list[Statement] = []

    def take(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        # Whatever else there is, transactions and writes, goes through as it is.
        if str(sql).lstrip("( \n").startswith("SELECT"):
            statement = Statement(str(sql), params)
            if statement.fingerprint not in found:
                found[statement.fingerprint] = statement
                statements.append(statement)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(take):
        yield statements


def capture(run: Callable[[], object], then: Callable[[list[Statement]], Any]) -> Any:
    """What `then` makes of the statements of `run`, in the transaction that is then taken back."""
    with transaction.atomic():
        statements = _captured(run)
        result = then(statements)
        transaction.set_rollback(True)
    return result


def _captured(run: Callable[[], object]) -> list[Statement]:
    left = MOST_STATEMENTS * 10

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or len(statements) > MOST_STATEMENTS:
            raise _Enough
        return execute(*arguments)

    with taken() as statements, transaction.atomic():
        try:
            with connection.execute_wrapper(count), transaction.atomic():
                run()
        except _Enough:
            pass
    return list(statements)
