"""Who owns what in the database, and who may do what there: read out of PostgreSQL's catalogues as facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from hub.neon.roles import ADMINISTRATORS, MIGRATOR

PUBLIC = "PUBLIC"
SCHEMA = "public"
# Parts of an extension are its own.
_OWN = "NOT EXISTS (SELECT FROM pg_depend WHERE classid = '{}'::regclass AND objid = {} AND deptype = 'e')"
_KINDS = {"r": "TABLE", "p": "TABLE", "v": "VIEW", "m": "MATERIALIZED VIEW", "S": "SEQUENCE", "f": "FOREIGN TABLE"}


@dataclass(frozen=True, slots=True)
class Thing:
    """A database, schema, table or function as SQL names it; `name` of a function comes with its arguments."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.name}"

    @property
    def sql(self) -> sql.Composable:
        """KIND "name"."""
        # The arguments of a function are types, which the catalogue has quoted already.
        name, paren, arguments = self.name.partition("(")
        quoted = sql.Identifier(self.name) if self.kind in ("DATABASE", "SCHEMA") else sql.Identifier(SCHEMA, name)
        return sql.SQL("{} {}{}").format(sql.SQL(self.kind), quoted, sql.SQL(paren + arguments))


@dataclass(frozen=True, slots=True)
class Ownership:
    """The role owns it."""

    role: str
    thing: Thing

    def __str__(self) -> str:
        return f"{self.role}: owner of {self.thing}"

    def make(self) -> sql.Composable:
        """The former owner ceases to be it."""
        return sql.SQL("ALTER {} OWNER TO {}").format(self.thing.sql, sql.Identifier(self.role))

    def end(self) -> sql.Composable:
        """By giving it to the migrator."""
        return Ownership(MIGRATOR.name, self.thing).make()


@dataclass(frozen=True, slots=True)
class Grant:
    """`grantee` has the privilege on the thing, or on one column of it; `may_pass_on` is the right to grant it."""

    grantee: str
    privilege: str
    thing: Thing
    column: str = ""
    may_pass_on: bool = False

    def __str__(self) -> str:
        column = f" ({self.column})" if self.column else ""
        right = f"{self.privilege}{column} on {self.thing}"
        return f"{self.grantee}: {'may grant ' if self.may_pass_on else ''}{right}"

    def make(self) -> sql.Composable:
        return self._said("GRANT {} TO {}")

    def end(self) -> sql.Composable:
        return self._said("REVOKE GRANT OPTION FOR {} FROM {}" if self.may_pass_on else "REVOKE {} FROM {}")

    def _said(self, form: str) -> sql.Composable:
        column = sql.SQL(" ({})").format(sql.Identifier(self.column)) if self.column else sql.SQL("")
        kind = "TABLE" if "VIEW" in self.thing.kind or "FOREIGN" in self.thing.kind else self.thing.kind
        on = Thing(kind, self.thing.name).sql
        right = sql.SQL("{}{} ON {}").format(sql.SQL(self.privilege), column, on)
        return sql.SQL(form).format(right, _grantee(self.grantee))


@dataclass(frozen=True, slots=True)
class DefaultGrant:
    """`grantee` gets the privilege on every table (or function) that the migrator will make."""

    grantee: str
    privilege: str
    kind: str

    def __str__(self) -> str:
        return f"{self.grantee}: {self.privilege} on every new {self.kind.lower()} of {MIGRATOR.name}"

    def make(self) -> sql.Composable:
        return self._said("GRANT {} ON {} TO {}")

    def end(self) -> sql.Composable:
        return self._said("REVOKE {} ON {} FROM {}")

    def _said(self, form: str) -> sql.Composable:
        # What PUBLIC has on functions from the beginning is taken away in every schema or in none.
        place = sql.SQL("") if self.kind == "FUNCTION" else sql.SQL(" IN SCHEMA {}").format(sql.Identifier(SCHEMA))
        change = sql.SQL(form).format(sql.SQL(self.privilege), sql.SQL(self.kind + "S"), _grantee(self.grantee))
        owner = sql.Identifier(MIGRATOR.name)
        return sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {}{} {}").format(owner, place, change)


def _grantee(name: str) -> sql.Composable:
    return sql.SQL(PUBLIC) if name == PUBLIC else sql.Identifier(name)


def owners(connection: psycopg.Connection[Any]) -> Iterator[tuple[Thing, str]]:
    """Every relation and function of the schema, then the schema and the database, each with its owner."""
    relations = (
        "SELECT relkind::text, relname, pg_get_userbyid(relowner) FROM pg_class c"
        f" WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind = ANY(%s) AND {_OWN.format('pg_class', 'c.oid')}"
        # The sequence of an identity column goes with its table.
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid"
        " AND deptype IN ('i', 'a') AND refclassid = 'pg_class'::regclass AND relkind = 'S')"
    )
    for kind, name, owner in connection.execute(relations, [list(_KINDS)]):
        yield Thing(_KINDS[kind], name), owner
    functions = (
        "SELECT proname || '(' || pg_get_function_identity_arguments(oid) || ')', pg_get_userbyid(proowner)"
        " FROM pg_proc"
        f" WHERE pronamespace = '{SCHEMA}'::regnamespace AND prokind = 'f' AND {_OWN.format('pg_proc', 'pg_proc.oid')}"
    )
    for name, owner in connection.execute(functions):
        yield Thing("FUNCTION", name), owner
    places = (
        f"SELECT 'SCHEMA', nspname::text, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = '{SCHEMA}'"
        " UNION ALL SELECT 'DATABASE', datname::text, pg_get_userbyid(datdba) FROM pg_database"
        " WHERE datname = current_database()"
    )
    for kind, name, owner in connection.execute(places):
        yield Thing(kind, name), owner


def grants(connection: psycopg.Connection[Any]) -> Iterator[Grant]:
    """Every right that somebody has who neither owns the thing nor administers the server."""
    for kind, name, column, grantee, privilege, may_pass_on in connection.execute(_GRANTS, [list(ADMINISTRATORS)]):
        thing = Thing(_KINDS.get(kind, kind), name)
        yield Grant(grantee, privilege, thing, column)
        if may_pass_on:
            yield Grant(grantee, privilege, thing, column, may_pass_on=True)


_GRANTS = f"""
WITH acls(kind, name, col, owner, acl) AS (
    SELECT relkind::text, relname::text, '', relowner, relacl FROM pg_class c
    WHERE relnamespace = '{SCHEMA}'::regnamespace AND {_OWN.format("pg_class", "c.oid")}
  UNION ALL
    SELECT relkind::text, relname::text, attname::text, relowner, attacl FROM pg_attribute
    JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = '{SCHEMA}'::regnamespace AND NOT attisdropped AND {_OWN.format("pg_class", "c.oid")}
  UNION ALL
    SELECT 'FUNCTION', proname || '(' || pg_get_function_identity_arguments(oid) || ')', '', proowner,
        coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
    WHERE pronamespace = '{SCHEMA}'::regnamespace AND prokind = 'f' AND {_OWN.format("pg_proc", "pg_proc.oid")}
  UNION ALL
    SELECT 'SCHEMA', nspname::text, '', nspowner, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
    WHERE nspname = '{SCHEMA}'
  UNION ALL
    SELECT 'DATABASE', datname::text, '', datdba, coalesce(datacl, acldefault('d', datdba)) FROM pg_database
    WHERE datname = current_database()
)
SELECT kind, name, col, CASE grantee WHEN 0 THEN '{PUBLIC}' ELSE rolname::text END, privilege_type, is_grantable
FROM acls CROSS JOIN LATERAL aclexplode(acl) LEFT JOIN pg_roles r ON r.oid = grantee
WHERE grantee <> owner AND NOT coalesce(rolsuper OR rolname = ANY(%s) OR rolname LIKE 'pg\\_%%', false)
    AND grantee <> (SELECT datdba FROM pg_database WHERE datname = current_database())
"""


def default_grants(connection: psycopg.Connection[Any]) -> Iterator[DefaultGrant]:
    """What others than the migrator get on its new tables and functions."""
    query = f"""
    WITH owner AS (SELECT oid FROM pg_roles WHERE rolname = %s), acls(kind, acl) AS (
        SELECT 'TABLE', defaclacl FROM pg_default_acl
        WHERE defaclrole = (SELECT oid FROM owner) AND defaclobjtype = 'r'
            AND defaclnamespace = '{SCHEMA}'::regnamespace
      UNION ALL
        SELECT 'FUNCTION', coalesce((SELECT defaclacl FROM pg_default_acl
            WHERE defaclrole = owner.oid AND defaclobjtype = 'f' AND defaclnamespace = 0),
            acldefault('f', owner.oid)) FROM owner
    )
    SELECT kind, CASE grantee WHEN 0 THEN '{PUBLIC}' ELSE pg_get_userbyid(grantee)::text END, privilege_type
    FROM acls CROSS JOIN LATERAL aclexplode(acl) WHERE grantee <> (SELECT oid FROM owner)
    """
    for kind, grantee, privilege in connection.execute(query, [MIGRATOR.name]):
        yield DefaultGrant(grantee, privilege, kind)
