"""Bugs and breakdowns: the database refuses what it should take, and errors are reported with all that they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.canary.flows.clients import HOOKS, KEYS, TEXT, order_of
from tests.canary.flows.people import LOGIN
from tests.canary.world import ClientFromSomewhere, World
from tests.owner import owner_url
from tests.stack import eventually
from tests.stack.client import GENERATIONS


@contextmanager
def refusing(world: World, *tables: str) -> Iterator[None]:
    """The database takes no new row of these: it says so with the whole row (`Failing row contains (...)`)."""
    names = [sql.Identifier(table) for table in tables]
    with psycopg.connect(owner_url(world.stack.database), autocommit=True) as connection:
        for name in names:
            added = "ALTER TABLE {} ADD CONSTRAINT no_more CHECK (false) NOT VALID"
            connection.execute(sql.SQL(added).format(name))
        try:
            yield
        finally:
            for name in names:
                connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT no_more").format(name))


@contextmanager
def renamed(world: World, table: str, column: str) -> Iterator[None]:
    """The database does not know a column, as with a migration that was forgotten: it quotes the statement."""
    change = sql.SQL("ALTER TABLE {} RENAME COLUMN {} TO {}")
    name, other = sql.Identifier(column), sql.Identifier(f"{column}_x")
    with psycopg.connect(owner_url(world.stack.database), autocommit=True) as connection:
        connection.execute(change.format(sql.Identifier(table), name, other))
        try:
            yield
        finally:
            connection.execute(change.format(sql.Identifier(table), other, name))


def of_clients(world: World, client: ClientFromSomewhere) -> None:
    """A submission, a key, a webhook, a file, at the wrong moment."""
    values = world.values
    order = order_of(world, TEXT)
    with refusing(world, "generations", "api_keys", "webhook_endpoints"):
        named = {"Idempotency_Key": values.new("idempotency key")}
        assert client.call("POST", GENERATIONS, order, **named).status == 500
        key = {"name": values.new("key name"), "scopes": ["usage:read"], "allowed_ips": [values.address("network")]}
        assert client.call("POST", KEYS, key).status == 500
        hook = {"url": f"{world.receiver.url}/{values.new('webhook url')}"}
        hook["description"] = values.new("description of a webhook")
        assert client.call("POST", HOOKS, hook).status == 500
    with renamed(world, "generations", "tags"):
        assert client.call("POST", GENERATIONS, order_of(world, TEXT)).status == 500
    with refusing(world, "audit_logs"):
        wrong = f"Bearer {values.new('api key of a refusal')}"
        assert client.call("GET", "/api/v1/me", Authorization=wrong).status == 500


def of_people(world: World) -> None:
    """A sign-in with a password, one by a provider, the link to a new password."""
    values, browser = world.values, world.browser()
    email = values.new("email", "{}@example.com")
    subject = values.new("oauth subject")
    world.provider.person(subject, email=email, email_verified=True)
    with refusing(world, "users", "audit_logs"):
        fields = {"username": email, "password": values.new("password"), "next": "/admin/"}
        assert browser.post(LOGIN, fields, form=LOGIN).status_code == 500
        assert browser.sign_in(subject).status_code == 500
        assert browser.post("/signin/password", {"email": email}, form="/signin/password").status_code == 500
        link = f"user={values.new('reset token of a refusal')}&token={values.new('reset token of a refusal')}"
        assert browser.get(f"/signin/password/new?{link}").status_code == 500


def of_the_worker(world: World, client: ClientFromSomewhere) -> None:
    """A job whose books cannot be closed for a while."""
    with refusing(world, "usage_logs"):
        done = client.call("POST", GENERATIONS, order_of(world, TEXT), Prefer="wait=3")
        assert done.json["status"] in ("queued", "running"), done.body
    world.stack.wait_for(done.json["id"], "succeeded", "failed", seconds=60)


def without_the_database(world: World, client: ClientFromSomewhere) -> None:
    """Nobody may connect for a moment."""
    name = world.stack.database
    maintenance = owner_url("postgres")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            assert client.call("POST", GENERATIONS, order_of(world, TEXT)).status == 503
            browser = world.browser()
            fields = {"username": world.values.new("email", "{}@example.com"), "password": world.values.new("password")}
            assert browser.post(LOGIN, fields, form=LOGIN).status_code in (500, 503)
        finally:
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))
    # A pooler lets some time go by before it tries again.
    eventually(lambda: client.call("GET", "/readyz").status == 200, "the database", 60)
