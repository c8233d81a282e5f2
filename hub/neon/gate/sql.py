"""Which SQL of a RunSQL is known to lose nothing: by what it says, or by a reason on the list.

What is not understood is not safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.migrations.operations import RunSQL

# Migrations whose SQL is safe though it does not look it: (app, migration) and the reason. A test fails for an entry
# without need.
SAFE_MIGRATIONS: Mapping[tuple[str, str], str] = {}

_NAME = r'(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?'
# Whole statements, without comments and with single spaces; a body in quotes is '' by then.
SAFE_STATEMENTS: Mapping[str, str] = {
    rf"CREATE (?:OR REPLACE )?FUNCTION {_NAME} ?\(.*": "defines a function, and runs nothing of it",
    rf"CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER {_NAME} .*": "a trigger acts on what is written from now on",
    rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY .* ON (?:ONLY )?{_NAME} .*": "an index, beside the writers",
    rf"CREATE EXTENSION IF NOT EXISTS {_NAME}": "new functions and types",
    rf"ALTER TABLE (?:ONLY )?{_NAME} VALIDATE CONSTRAINT {_NAME}": "reads the rows, beside the writers",
    rf"ALTER TABLE (?:ONLY )?{_NAME} (?:ENABLE|ENABLE ALWAYS) TRIGGER {_NAME}": "a trigger guards again",
    rf"COMMENT ON \w+ {_NAME}(?:\.{_NAME})? IS ''": "a comment",
    r"SET LOCAL (?:lock_timeout|statement_timeout) ?(?:=|TO) ?(?:''|\d+)": "a limit of this transaction",
}
_SAFE = [re.compile(pattern, re.IGNORECASE) for pattern in SAFE_STATEMENTS]

# In this order: comments, then quotes of every kind, each as a whole; else one character.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*(?:[^*/]|\*(?!/)|/(?!\*))*\*/)
      | (?P<text>\b[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag))
      | (?P<name>"(?:[^"]|"")*")
      | (?P<end>;)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_UNCLOSED = re.compile(r"'|\"|\$\w*\$|/\*")


def is_safe(operation: RunSQL) -> bool:
    """Whether every statement of it is known to lose nothing."""
    return all(is_safe_statement(statement) for statement in statements(operation.sql))


def is_safe_statement(statement: str) -> bool:
    """For one statement as `statements` gives it."""
    return any(pattern.fullmatch(statement) for pattern in _SAFE)


def statements(sql: Any) -> Iterator[str]:
    """The statements of RunSQL's `sql`, in one line each, without comments; quoted texts are ''."""
    parts = [sql] if isinstance(sql, str) else list(sql)
    for part in parts:
        yield from _split(part if isinstance(part, str) else part[0])


def _split(script: str) -> Iterator[str]:
    words: list[str] = []
    for token in _TOKEN.finditer(script):
        if token.lastgroup == "end":
            yield from _whole(words)
            words = []
        else:
            words.append(_simple(token))
    yield from _whole(words)


def _simple(token: re.Match[str]) -> str:
    if token["comment"] is not None:
        return " "
    return "''" if token["text"] is not None else token[0]


def _whole(words: list[str]) -> Iterator[str]:
    statement = " ".join("".join(words).split())
    if _UNCLOSED.search(re.sub(r"''|\"[^\"]*\"", "", statement)):
        # A quote that does not end has swallowed what follows: nothing can be said of it.
        statement = "?"
    if statement:
        yield statement
