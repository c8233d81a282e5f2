"""The schema in one figure: the same before a backup and after its restore, and another one when anything differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from hub.neon.backups.programs import LOCK_WAIT, running

# What differs from one dump to the next of the same schema.
NOISE = ("--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict")
# PostgreSQL writes `(ARRAY['a'::character varying])::text[]` for what was typed as `IN ('a')`, and reads it back as
# `ARRAY[('a'::character varying)::text]`, which stays.
_WORD = r"'(?:[^']|'')*'::character varying"
_WORDS = re.compile(rf"\(ARRAY\[({_WORD}(?:, {_WORD})*)\]\)::text\[\]")


def schema_hash_of(dump: Path, *, env: Mapping[str, str], snapshot: str = "") -> str:
    """SHA-256 of the schema as pg_dump (`dump`) writes it, without owners, rights and what differs by itself.

    Raises OperationFailed when the schema may not be read.
    """
    argv: list[str | Path] = [dump, "--schema-only", "--no-owner", "--no-privileges", LOCK_WAIT]
    found = sha256()
    with running([*argv, *([f"--snapshot={snapshot}"] if snapshot else [])], env=env) as process:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.decode("utf-8", "replace")
            if text.strip() and not text.startswith(NOISE):
                found.update(_canonical(text).encode())
    return found.hexdigest()


def _canonical(line: str) -> str:
    return _WORDS.sub(lambda array: "ARRAY[" + re.sub(f"({_WORD})", r"(\1)::text", array.group(1)) + "]", line)
