"""Compares who may do what in a database with who should, and mends the difference in one transaction.

It knows the database, the schema and what comes new; which tables are append-only, `hub.neon.grants` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from hub.neon.rights import SCHEMA, DefaultGrant, Grant, Ownership, Thing, default_grants, grants, owners
from hub.neon.roles import APP, MIGRATOR, NAMES, READONLY, Fact, actual_roles, wanted_roles

# Migrations alone write these.
ONLY_READ = frozenset({"django_migrations", "django_content_type", "auth_permission"})
# What `app` may do with the rows of an ordinary table. TRUNCATE is nobody's.
ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Rights on one table: of whom, which, on which column ("" for all).
TableRights = Callable[[str], Collection[tuple[str, str, str]]]


def ordinary_table(table: str) -> list[tuple[str, str, str]]:
    """Rows come and go; `table` is any."""
    return [*((APP.name, privilege, "") for privilege in ROWS), (READONLY.name, "SELECT", "")]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is missing and what is surplus, in an order in which it can be mended."""

    missing: tuple[Fact, ...]
    surplus: tuple[Fact, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.surplus)

    def lines(self) -> Iterator[str]:
        """One a fact, for the reader."""
        yield from (f"missing  {fact}" for fact in self.missing)
        yield from (f"surplus  {fact}" for fact in self.surplus)

    def statements(self) -> sql.Composed:
        """What ends the surplus and makes what is missing."""
        ended = [fact.end() for fact in self.surplus]
        return sql.SQL("; ").join([*ended, *(fact.make() for fact in self.missing)])


class NotMended(Exception):
    """Something could not be changed by the role that tried; the message says what and who can."""


# More than any chain of consequences is long.
MOST_ROUNDS = 4

# Each looks anew, for what one of them mends shows the next one more: a table that changes hands changes its rights.
Step = Callable[[psycopg.Connection[Any]], Difference]


def roles_differ(connection: psycopg.Connection[Any]) -> Difference:
    """The roles themselves: of the whole server."""
    return _difference(wanted_roles(), actual_roles(connection))


def owners_differ(connection: psycopg.Connection[Any]) -> Difference:
    """Everything in the schema is the migrator's; the database and the schema are not those of app or readonly."""
    missing: set[Fact] = set()
    surplus: set[Fact] = set()
    for thing, owner in owners(connection):
        if owner in (APP.name, READONLY.name):
            surplus.add(Ownership(owner, thing))
        elif owner != MIGRATOR.name and thing.kind not in ("DATABASE", "SCHEMA"):
            missing.add(Ownership(MIGRATOR.name, thing))
    return Difference(_sorted(missing), _sorted(surplus))


def places_differ(connection: psycopg.Connection[Any]) -> Difference:
    """Rights on the database and the schema. Their owner gives them."""
    return _difference(_wanted_places(connection), _of_kind(connection, places=True))


def tables_differ(rights: TableRights) -> Step:
    """Rights on tables, views, sequences and functions, and on those to come. The migrator gives them."""

    def differ(connection: psycopg.Connection[Any]) -> Difference:
        actual: set[Fact] = {*_of_kind(connection, places=False), *default_grants(connection)}
        wanted: set[Fact] = {*_wanted_defaults(), *_wanted_on_tables(connection, rights)}
        return _difference(wanted, actual)

    return differ


def all_steps(rights: TableRights) -> tuple[Step, ...]:
    """The whole of it, in order."""
    return (roles_differ, places_differ, owners_differ, tables_differ(rights))


def compare(connection: psycopg.Connection[Any], steps: Sequence[Step]) -> Difference:
    """What is not as it should be; changes nothing."""
    found = [step(connection) for step in steps]
    return Difference(
        tuple(fact for each in found for fact in each.missing), tuple(fact for each in found for fact in each.surplus)
    )


def mend(connection: psycopg.Connection[Any], steps: Sequence[Step]) -> list[str]:
    """Makes it as it should be, all or nothing; the lines of what was changed, none on a second call.

    Raises NotMended, and leaves everything as it was, when the connection's role may not.
    """
    try:
        with connection.transaction():
            return _in_rounds(connection, steps)
    except psycopg.errors.InsufficientPrivilege as error:
        raise NotMended(f"{error.diag.message_primary}. Run it as the owner of the database.") from error


def _in_rounds(connection: psycopg.Connection[Any], steps: Sequence[Step]) -> list[str]:
    """Round after round: what is ended may take more with it, as a right on a table takes those on its columns."""
    done: dict[str, None] = {}
    for _ in range(MOST_ROUNDS):
        lines = _round(connection, steps)
        if not lines:
            return list(done)
        done |= dict.fromkeys(lines)
    # PostgreSQL passes over a right that somebody else has granted, or that is not ours to take, with a warning.
    raise NotMended(f"{lines[0]}: this role cannot change it. Run it as the owner of the database.")


def _round(connection: psycopg.Connection[Any], steps: Sequence[Step]) -> list[str]:
    lines: list[str] = []
    for step in steps:
        found = step(connection)
        if found and step is not roles_differ:
            _join_migrator(connection)
        if found:
            connection.execute(found.statements())
        lines += found.lines()
    _leave_migrator(connection)
    return lines


def _join_migrator(connection: psycopg.Connection[Any]) -> None:
    """Who made the role, as Neon's owner of a database does, may act for it only as its member."""
    [[may]] = connection.execute("SELECT pg_has_role(%s, 'SET')", [MIGRATOR.name])
    if not may:
        connection.execute(f"GRANT {MIGRATOR.name} TO CURRENT_USER")


def _leave_migrator(connection: psycopg.Connection[Any]) -> None:
    """For as long as that takes: a member could put the triggers of the append-only tables to sleep."""
    query = (
        "SELECT 1 FROM pg_auth_members"
        " WHERE member = current_user::regrole AND grantor = member AND roleid = %s::regrole"
    )
    if connection.execute(query, [MIGRATOR.name]).fetchone():
        connection.execute(f"REVOKE {MIGRATOR.name} FROM CURRENT_USER")


def _wanted_places(connection: psycopg.Connection[Any]) -> Iterator[Grant]:
    [[database, owner]] = connection.execute(
        "SELECT datname::text, pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()"
    )
    rights: dict[str, dict[str, tuple[str, ...]]] = {
        MIGRATOR.name: {"DATABASE": ("CONNECT", "CREATE", "TEMPORARY"), "SCHEMA": ("USAGE", "CREATE")},
        APP.name: {"DATABASE": ("CONNECT",), "SCHEMA": ("USAGE",)},
        READONLY.name: {"DATABASE": ("CONNECT",), "SCHEMA": ("USAGE",)},
    }
    names = {"DATABASE": database, "SCHEMA": SCHEMA}
    for role, kinds in rights.items():
        for kind, privileges in kinds.items():
            if role != owner:
                yield from (Grant(role, each, Thing(kind, names[kind])) for each in privileges)


def _wanted_defaults() -> Iterator[DefaultGrant]:
    yield from (DefaultGrant(role, privilege, "TABLE") for role, privilege, _ in ordinary_table(""))


def _wanted_on_tables(connection: psycopg.Connection[Any], rights: TableRights) -> Iterator[Grant]:
    # A partition has the rights of its table: it could be named by itself.
    query = (
        "SELECT relname::text, coalesce(pg_partition_root(oid)::regclass::oid, oid) FROM pg_class"
        f" WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'p')"
    )
    rows = connection.execute(
        "SELECT t.relname, root.relname::text, ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = root_id"
        f" AND NOT attisdropped) FROM ({query}) AS t(relname, root_id) JOIN pg_class root ON root.oid = root_id"
    )
    for table, root, columns in rows.fetchall():
        for role, privilege, column in rights(root):
            # One that a migration has yet to make, or has just taken back, is not there to be granted.
            if not column or column in columns:
                yield Grant(role, privilege, Thing("TABLE", table), column)


def _of_kind(connection: psycopg.Connection[Any], *, places: bool) -> set[Grant]:
    return {each for each in grants(connection) if (each.thing.kind in ("DATABASE", "SCHEMA")) == places}


def _difference(wanted: Collection[Fact] | Iterator[Fact], actual: Collection[Fact]) -> Difference:
    should, does = set(wanted), set(actual)
    return Difference(_sorted(should - does), _sorted(does - should))


def _sorted(facts: Collection[Fact]) -> tuple[Fact, ...]:
    # "role x" comes first, for the rest needs it. A change of a setting ends the former value first.
    return tuple(sorted(facts, key=lambda fact: (not str(fact).startswith("role "), str(fact))))


def roles_are_there(connection: psycopg.Connection[Any]) -> bool:
    """All three."""
    [[number]] = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", [list(NAMES)])
    return bool(number == len(NAMES))
