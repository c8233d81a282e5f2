"""A full dump of a database, taken apart: what stands in each column, and all the rest."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator

from hub.local.binaries import postgres_program
from tests.canary.search import Place

_COPY = re.compile(rb"COPY public\.\"?(\w+)\"? \((.*)\) FROM stdin;\n?")
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_ESCAPED = re.compile(rb"\\(.)")
_BYTEA = re.compile(rb"\\x([0-9a-f]+)")


def database_places(url: str) -> Iterator[Place]:
    """Of `pg_dump`: a place for each column that has values, and one for the rest (the schema, sequences, comments)."""
    command = [postgres_program("pg_dump"), "--no-password", url]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    columns: dict[str, list[bytes]] = defaultdict(list)
    rest: list[bytes] = []
    table: tuple[str, list[str]] | None = None
    for line in text.splitlines(keepends=True):
        begun = _COPY.fullmatch(line)
        if begun:
            names = [name.strip().strip('"') for name in begun[2].decode().split(",")]
            table = (begun[1].decode(), names)
        elif line == b"\\.\n":
            table = None
        elif table is None:
            rest.append(line)
        else:
            for name, value in zip(table[1], line.rstrip(b"\n").split(b"\t"), strict=True):
                columns[f"{table[0]}.{name}"].append(_plain(value))
    assert "users.email" in columns, "the dump has no accounts"
    yield from (Place(name, b"\n".join(values)) for name, values in columns.items())
    yield Place("schema", b"".join(rest))


def _plain(value: bytes) -> bytes:
    """The value without the escapes of COPY; of bytes both what is printed and the bytes themselves."""
    plain = _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), value)
    found = _BYTEA.fullmatch(plain)
    return plain + b"\n" + bytes.fromhex(found[1].decode()) if found else plain
