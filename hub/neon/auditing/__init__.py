"""The audit of the database that a quarter asks for: what is of no use, too big, too slow, or not as it should be."""

from __future__ import annotations

from collections.abc import Iterator

from hub.neon.auditing.commands import OfCommand
from hub.neon.auditing.indexes import duplicate_indexes, unused_indexes
from hub.neon.auditing.sections import Section
from hub.neon.auditing.statements import slow_statements
from hub.neon.auditing.tables import bloated_tables, large_tables

# What other commands know, each with what its findings are called here.
COMMANDS = (
    OfCommand("Drift", "schema_drift"),
    OfCommand("Branches", "neon_report", needs=("NEON_API_KEY", "NEON_PROJECT_ID", "NEON_ORG_ID")),
    OfCommand("Grants", "db_grants", ("--verify",)),
)


def sections() -> Iterator[Section]:
    """One after the other; reads the database and Neon, and changes neither."""
    yield unused_indexes()
    yield duplicate_indexes()
    yield bloated_tables()
    yield slow_statements()
    yield large_tables()
    for command in COMMANDS:
        yield command.section()
