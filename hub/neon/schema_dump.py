"""The schema of a database as text: what pg_dump says of it, without what differs between two dumps of the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any, cast

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq

from hub.common.errors import HubError
from hub.local.binaries import postgres_program
from hub.local.errors import LocalServerError

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


class NoSchema(HubError):
    """The schema could not be read; nothing was changed."""

    code = "schema_not_read"
    status = 500
    title = "The schema could not be read"
    is_for_operators = True


def schema_of(connection: BaseDatabaseWrapper) -> str:
    """Every object, one empty line between two; owners and rights are left to `db_grants`. Raises NoSchema."""
    program = _pg_dump(cast(Any, connection).pg_version // 10000)
    argv: list[str | Path] = [program, "--schema-only", "--no-owner", "--no-privileges"]
    try:
        done = subprocess.run(argv, env=_environment(connection), capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoSchema(f"{program} does not run: {error.strerror}.") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise NoSchema(f"pg_dump failed: {lines[0].removeprefix('pg_dump: ')}")
    return normalised(done.stdout)


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


def _pg_dump(server: int) -> Path:
    """The one of the wheel, else the machine's; a dump needs a program that is not older than the server."""
    found = [path for path in (_of_wheel(), shutil.which("pg_dump")) if path]
    for path in found:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"\) (\d+)", said)
        if version and int(version[1]) >= server:
            return Path(path)
    have = f"{', '.join(found)}: too old" if found else "there is none"
    raise NoSchema(f"The server is PostgreSQL {server} and needs pg_dump of that version ({have}): install its client.")


def _of_wheel() -> str | None:
    try:
        return str(postgres_program("pg_dump"))
    except LocalServerError:
        return None


def _environment(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """libpq's own variables, so that no password stands in the list of processes."""
    variables = {each.keyword.decode(): each.envvar.decode() for each in pq.Conninfo.get_defaults() if each.envvar}
    parameters = connection.get_connection_params()
    given = {variables[name]: str(value) for name, value in parameters.items() if name in variables and value}
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **given}
