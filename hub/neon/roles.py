"""The three roles of the database, what each may be, and how long it may take: facts that are compared and mended.

They are made with SQL: a role that is made in Neon's console, CLI or API joins `neon_superuser`, which reads and writes
every table and passes every policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
from psycopg import sql

ADMINISTRATORS = ("neon_superuser", "cloud_admin")


class Fact(Protocol):
    """Something that holds of the database or should: a line for the reader, and the SQL that makes or ends it."""

    def __str__(self) -> str: ...

    def make(self) -> sql.Composable:
        """Makes it true."""

    def end(self) -> sql.Composable:
        """Makes it untrue."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role that logs in; `settings` come with every connection of it, through a pooler too."""

    name: str
    settings: Mapping[str, str] = field(hash=False)
    attributes: frozenset[str] = frozenset({"LOGIN"})


# Owns the tables. It makes scratch databases, for the shadow and for drills.
MIGRATOR = Role("migrator", {"lock_timeout": "4s", "statement_timeout": "0"}, frozenset({"LOGIN", "CREATEDB"}))
APP = Role("app", {"statement_timeout": "15s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s"})
READONLY = Role("readonly", {"statement_timeout": "60s", "default_transaction_read_only": "on"})
ROLES = (MIGRATOR, APP, READONLY)
NAMES = tuple(role.name for role in ROLES)

_ATTRIBUTES = {
    "rolcanlogin": "LOGIN",
    "rolsuper": "SUPERUSER",
    "rolcreatedb": "CREATEDB",
    "rolcreaterole": "CREATEROLE",
    "rolreplication": "REPLICATION",
    "rolbypassrls": "BYPASSRLS",
}


@dataclass(frozen=True, slots=True)
class Exists:
    """There is such a role."""

    role: str

    def __str__(self) -> str:
        return f"role {self.role}"

    def make(self) -> sql.Composable:
        """Without a password; `set_password` gives it one."""
        return sql.SQL("CREATE ROLE {}").format(sql.Identifier(self.role))

    def end(self) -> sql.Composable:
        """Never asked for: a role of ours is wanted."""
        return sql.SQL("DROP ROLE {}").format(sql.Identifier(self.role))


@dataclass(frozen=True, slots=True)
class Attribute:
    """LOGIN, CREATEDB, BYPASSRLS and the like."""

    role: str
    name: str

    def __str__(self) -> str:
        return f"{self.role}: {self.name}"

    def make(self) -> sql.Composable:
        return self._alter("")

    def end(self) -> sql.Composable:
        return self._alter("NO")

    def _alter(self, prefix: str) -> sql.Composable:
        return sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(self.role), sql.SQL(prefix + self.name))


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that every new connection of the role begins with."""

    role: str
    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.role}: {self.name} = {self.value}"

    def make(self) -> sql.Composable:
        return self._alter("SET {} = {}", sql.Literal(self.value))

    def end(self) -> sql.Composable:
        return self._alter("RESET {}")

    def _alter(self, change: str, *values: sql.Composable) -> sql.Composable:
        changed = sql.SQL(change).format(sql.Identifier(self.name), *values)
        return sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(self.role), changed)


@dataclass(frozen=True, slots=True)
class Membership:
    """The role has the rights of another one."""

    role: str
    of: str

    def __str__(self) -> str:
        return f"{self.role}: member of {self.of}"

    def make(self) -> sql.Composable:
        return sql.SQL("GRANT {} TO {}").format(sql.Identifier(self.of), sql.Identifier(self.role))

    def end(self) -> sql.Composable:
        return sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(self.of), sql.Identifier(self.role))


def wanted_roles() -> set[Fact]:
    """What should hold of the roles, and nothing else."""
    facts: set[Fact] = set()
    for role in ROLES:
        facts.add(Exists(role.name))
        facts.update(Attribute(role.name, name) for name in role.attributes)
        facts.update(Setting(role.name, name, value) for name, value in role.settings.items())
    return facts


def actual_roles(connection: psycopg.Connection[Any]) -> set[Fact]:
    """What holds of them."""
    return {*_attributes(connection), *_settings(connection), *_memberships(connection)}


def set_password(connection: psycopg.Connection[Any], role: str, password: str) -> None:
    """Lets the role log in with it. In clear: Neon, which keeps the passwords of its roles, takes no hashed ones."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
    connection.execute(statement)


def _attributes(connection: psycopg.Connection[Any]) -> Iterator[Fact]:
    columns = sql.SQL(", ").join(map(sql.Identifier, _ATTRIBUTES))
    query = sql.SQL("SELECT rolname, {} FROM pg_roles WHERE rolname = ANY(%s)").format(columns)
    for name, *values in connection.execute(query, [list(NAMES)]):
        yield Exists(name)
        for attribute, value in zip(_ATTRIBUTES.values(), values, strict=True):
            if value:
                yield Attribute(name, attribute)


def _settings(connection: psycopg.Connection[Any]) -> Iterator[Fact]:
    query = (
        "SELECT rolname, unnest(setconfig) FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole"
        " WHERE setdatabase = 0 AND rolname = ANY(%s)"
    )
    for role, pair in connection.execute(query, [list(NAMES)]):
        name, _, value = pair.partition("=")
        yield Setting(role, name, value)


def _memberships(connection: psycopg.Connection[Any]) -> Iterator[Fact]:
    query = (
        "SELECT DISTINCT member.rolname, granted.rolname FROM pg_auth_members m"
        " JOIN pg_roles member ON member.oid = m.member JOIN pg_roles granted ON granted.oid = m.roleid"
        " WHERE member.rolname = ANY(%s)"
    )
    for role, of in connection.execute(query, [list(NAMES)]):
        yield Membership(role, of)
