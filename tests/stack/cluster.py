"""Databases for stacks, in the cluster of the test run: a template that is prepared once, and cheap copies of it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from hub.env import BASE_DIR
from hub.local.secrets import SETTINGS, development_secrets
from hub.neon.roles import MIGRATOR
from tests.owner import be_patient, named, owner_url

# Nothing of the caller's own hub, and no credential for Google, reaches a stack.
INHERITED = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
# Who pays in most tests, enough for whatever they do; and somebody else.
CLIENTS = {"rich": ("100000", "total"), "other": ("1", "total")}

_numbers = itertools.count(1)


def execute(statement: str, *names: str) -> None:
    """One statement outside any transaction, as the owner of the server, beside the stacks' databases."""
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def url_of(database: str) -> str:
    """For the hub's own processes: the role `app`, by the pooler when there is one."""
    return named(os.environ["DATABASE_URL"], database)


def urls_of(database: str) -> dict[str, str]:
    """Both ways to a database, as the hub's processes read them from the environment."""
    return {"DATABASE_URL": url_of(database), "DATABASE_URL_DIRECT": named(os.environ["DATABASE_URL_DIRECT"], database)}


def fresh_name() -> str:
    return f"stack_{os.getpid()}_{next(_numbers)}"


def disconnect(database: str) -> None:
    """A pooler keeps its connections for a while, and what somebody is connected to cannot be copied."""
    with psycopg.connect(owner_url(), autocommit=True) as connection:
        query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(query, [database])


def drop(database: str) -> None:
    execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)


def environment() -> dict[str, str]:
    """What every process of every stack has: the secrets of the run's own directory, which open all databases of it."""
    env = {name: os.environ[name] for name in INHERITED if name in os.environ}
    secrets = development_secrets(Path(os.environ["HUB_VAR"]))
    return env | {name: secrets[name] for name in SETTINGS} | {"HUB_EMBEDDED": "true", "HUB_ENV_FILE": os.devnull}


class Template:
    """A database with tables, prices and clients, to be copied. `clients` is {name: {id, api_key}}."""

    def __init__(self, folder: Path, *, clients: dict[str, tuple[str, str]] | None = None, **settings: str) -> None:
        self.settings = settings
        self.database = fresh_name()
        execute("CREATE DATABASE {} OWNER {}", self.database, MIGRATOR.name)
        env = environment() | settings
        env |= urls_of(self.database) | {"REDIS_URL": "redis://127.0.0.1:9/0", "HUB_VAR": str(folder)}
        done = subprocess.run(
            [sys.executable, "-m", "tests.stack.prepare"],
            input=json.dumps(CLIENTS | (clients or {})),
            env=env,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        disconnect(self.database)
        self.clients: dict[str, dict[str, str]] = json.loads(done.stdout)

    def copy(self) -> str:
        """The name of a new database with the same content."""
        database = fresh_name()
        execute("CREATE DATABASE {} OWNER {} TEMPLATE {}", database, MIGRATOR.name, self.database)
        be_patient(database)
        return database

    def drop(self) -> None:
        drop(self.database)
