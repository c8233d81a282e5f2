"""The embedded servers start on a directory, ask for a password, and find their data again."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hub.local.discovery import publish, published_urls, running_urls
from hub.local.errors import LocalServerError
from hub.local.server import Server
from hub.local.servers import LocalServers
from hub.local.tests.tools import FAST, nothing_runs_on, remember, remembered

# A refused password is not worth a second attempt.
ONCE = Retry(NoBackoff(), 0)


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "a path with spaces" / "var"


def test_a_second_start_finds_the_data_of_the_first(var: Path):
    with LocalServers(var, postgres_options=FAST) as servers:
        remember(servers.database_url_direct, "first")
        passwords = [urlsplit(url).password for url in (servers.database_url, servers.redis_url)]
    assert nothing_runs_on(var)
    with LocalServers(var, postgres_options=FAST) as servers:
        assert remembered(servers.database_url_direct) == ["first"]
        assert [urlsplit(url).password for url in (servers.database_url, servers.redis_url)] == passwords


def test_both_servers_ask_for_their_password(var: Path):
    with LocalServers(var, postgres_options=FAST) as servers:
        database, broker = urlsplit(servers.database_url), urlsplit(servers.redis_url)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(servers.database_url.replace(database.password, "wrong"))
        with pytest.raises(redis.AuthenticationError), redis.Redis(port=broker.port, retry=ONCE) as client:
            client.ping()
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_both_listen_on_loopback_alone(var: Path):
    with LocalServers(var, postgres_options=FAST) as servers:
        with psycopg.connect(servers.database_url) as connection:
            shown = [
                connection.execute(f"SHOW {name}").fetchone()[0] for name in ("listen_addresses", "server_encoding")
            ]
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
    assert shown == ["127.0.0.1", "UTF8"]


def test_no_password_is_seen_in_the_list_of_processes(var: Path):
    with LocalServers(var, postgres_options=FAST) as servers:
        listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert str(servers.var / "postgres") in listed
        for url in (servers.database_url, servers.redis_url):
            assert urlsplit(url).password not in listed


def test_other_processes_find_them_while_they_run_and_not_afterwards(var: Path):
    with LocalServers(var, postgres_options=FAST) as servers:
        found = running_urls(var)
        assert (found.database_url, found.redis_url, found.pids) == (
            servers.database_url,
            servers.redis_url,
            servers.pids,
        )
        assert stat.S_IMODE((var / "local.json").stat().st_mode) == 0o600
    assert running_urls(var) is None
    assert not (var / "local.json").exists()


def test_what_a_dead_supervisor_published_is_not_believed(var: Path):
    with LocalServers(var, postgres_options=FAST):
        left_behind = published_urls(var)
    publish(var, left_behind)
    assert running_urls(var) is None


def test_only_what_is_asked_for_is_started(var: Path):
    with LocalServers(var, postgres=False) as servers:
        assert list(servers.pids) == ["valkey"]
        with pytest.raises(LocalServerError, match="PostgreSQL does not run"):
            _ = servers.database_url
    assert not (var / "postgres").exists()


def test_a_server_that_was_killed_comes_back_on_its_port_with_its_data(var: Path):
    with LocalServers(var, postgres_options=FAST) as servers:
        remember(servers.database_url_direct, "before")
        urls, pids = (servers.database_url, servers.redis_url), servers.pids
        for pid in pids.values():
            subprocess.run(["kill", "-9", str(pid)], check=True)
        _wait_for_the_end_of(servers)
        assert servers.revive() == ["PostgreSQL", "Valkey"]
        assert (servers.database_url, servers.redis_url) == urls
        assert remembered(servers.database_url_direct) == ["before"]
        assert running_urls(var).pids == servers.pids
        assert set(servers.pids.values()).isdisjoint(pids.values())


def _wait_for_the_end_of(servers: LocalServers) -> None:
    ended: list[Server] = [servers._postgres, servers._valkey]
    for server in ended:
        server._process.wait(10)


def test_stopping_twice_is_stopping_once(var: Path):
    servers = LocalServers(var, postgres_options=FAST)
    servers.start()
    pids = servers.pids
    servers.stop()
    servers.stop()
    assert nothing_runs_on(var, pids)
