"""The schema of a database as text: what pg_dump says of it, without what differs between two dumps of the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from hub.neon.programs import LOCK_WAIT, environment_of, major_version, program, running

# pg_dump's own comments, settings of the session, and the tokens of newer versions, which are new ones in each dump.
# Not whatever begins like them: a line of a function's body may.
_NOISE = re.compile(
    r"--$|-- (?:Name: |PostgreSQL database dump|Dumped )|\\(?:un)?restrict |SELECT pg_catalog\.set_config\("
    r"|SET (?:\w+_timeout|client_encoding|client_min_messages|standard_conforming_strings|check_function_bodies"
    r"|xmloption|row_security|default_tablespace|default_table_access_method) = "
)
# A restored database has `ARRAY[('a'::character varying)::text]` where a migrated one has it the other way round.
_WORD = r"'(?:[^']|'')*'::character varying"
_WORDS = re.compile(rf"\(ARRAY\[({_WORD}(?:, {_WORD})*)\]\)::text\[\]")


def schema_of(connection: BaseDatabaseWrapper, *, snapshot: str = "") -> str:
    """Every object, one empty line between two; owners and rights are left to `db_grants`.

    `snapshot` is one that a transaction has exported. Raises OperationFailed when the schema cannot be read.
    """
    dump = program("pg_dump", server=major_version(connection))
    argv: list[str | Path] = [dump, "--schema-only", "--no-owner", "--no-privileges", LOCK_WAIT]
    with running([*argv, *([f"--snapshot={snapshot}"] if snapshot else [])], env=environment_of(connection)) as process:
        assert process.stdout is not None
        return normalised(process.stdout.read().decode("utf-8", "replace"))


def schema_hash(connection: BaseDatabaseWrapper, *, snapshot: str = "") -> str:
    """SHA-256 of it, in hex: the same before a backup and after its restore, and another one when anything differs."""
    return sha256(schema_of(connection, snapshot=snapshot).encode()).hexdigest()


def normalised(dump: str) -> str:
    """The same text for the same schema, whichever server and day it is of."""
    lines = (line.rstrip() for line in dump.splitlines() if not _NOISE.match(line))
    text = "\n".join(_one_form(line) for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def differences(wanted: str, actual: str, *, names: tuple[str, str]) -> Iterator[str]:
    """A unified diff, line by line; nothing when they are the same."""
    return unified_diff(wanted.splitlines(), actual.splitlines(), *names, lineterm="")


def _one_form(line: str) -> str:
    return _WORDS.sub(lambda array: "ARRAY[" + re.sub(f"({_WORD})", r"(\1)::text", array[1]) + "]", line)
