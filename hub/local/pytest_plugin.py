"""Servers for a test run: load with `-p hub.local.pytest_plugin`, before pytest-django reads the settings.

They keep their own directory, so that a stack in use stays untouched. REDIS_URL, and DATABASE_URL together with
DATABASE_URL_DIRECT and DATABASE_URL_OWNER, are used instead when they are set in the environment; `.env` is not read,
so that no test reaches what it names.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from hub.local.errors import LocalServerError, VarInUse
from hub.local.servers import LocalServers

# A power cut may cost this cluster, which holds nothing but test databases. Visibility, constraints, locks and crash
# recovery of a killed process are what they are in production.
UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off"}
# A test run is one client that does in minutes what clients do in months; a test of the limits sets its own.
LIMITS = ("KEY", "USER", "REFUSED", "SIGNIN", "SIGNIN_ACCOUNT")
UNLIMITED = {f"RATE_LIMIT_{name}": "1000000/1" for name in LIMITS}
# Of the server's administrator, for tests/owner.py alone; the hub itself does not know it.
OWNER_URL = "DATABASE_URL_OWNER"
# Set by `make test-pooled`: the tests' `app`, and their stacks', comes through PgBouncer as it does on Neon.
POOLED = "HUB_TEST_POOLED"
TEST_VAR = Path(__file__).resolve().parents[2] / "var"
DIRECTORIES = ("test", *(f"test{number}" for number in range(2, 10)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Starts the servers in the controlling process; the workers of pytest-xdist inherit the URLs."""
    os.environ |= {"HUB_ENV_FILE": os.devnull, **UNLIMITED}
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        _take_redis_database(int(worker.removeprefix("gw")) + 1)
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    unnamed = [name for name in ("DATABASE_URL_DIRECT", OWNER_URL) if not os.environ.get(name)]
    if "DATABASE_URL" not in missing and unnamed:
        raise pytest.UsageError(f"With DATABASE_URL the tests need {' and '.join(unnamed)} as well: see {__name__}.")
    if missing:
        try:
            servers = start_servers(missing)
        except LocalServerError as error:
            raise pytest.UsageError(str(error)) from error
        early_config.add_cleanup(servers.stop)
        export(missing, servers)
    return (yield)


def start_servers(missing: Sequence[str]) -> LocalServers:
    """The servers for the missing URLs on `var/test`, or on the next directory that no other test run is using."""
    for name in DIRECTORIES:
        servers = LocalServers(
            TEST_VAR / name,
            postgres="DATABASE_URL" in missing,
            valkey="REDIS_URL" in missing,
            postgres_options=UNSAFE_BUT_FAST,
            pooled=bool(os.environ.get(POOLED)),
        )
        try:
            servers.start()
        except VarInUse:
            continue
        return servers
    raise LocalServerError(f"Test runs already use every one of {TEST_VAR / 'test'}..{DIRECTORIES[-1]}: end one.")


def export(missing: Sequence[str], servers: LocalServers) -> None:
    """Names the servers, and the directory of the run, to the settings and to child processes."""
    os.environ["HUB_VAR"] = str(servers.var)
    os.environ["HUB_EMBEDDED"] = "true"
    if "REDIS_URL" in missing:
        os.environ["REDIS_URL"] = servers.redis_url
    if "DATABASE_URL" in missing:
        os.environ["DATABASE_URL"] = servers.database_url
        os.environ["DATABASE_URL_DIRECT"] = servers.database_url_direct
        os.environ[OWNER_URL] = servers.database_url_owner


def _take_redis_database(number: int) -> None:
    """pytest-django gives each worker a database of its own in PostgreSQL; this does so in Valkey."""
    url = urlsplit(os.environ["REDIS_URL"])
    os.environ["REDIS_URL"] = urlunsplit(url._replace(path=f"/{number}"))
