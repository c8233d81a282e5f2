"""A command of manage.py gets a database and a broker: those named, those that run, or its own while it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.local.discovery import running_urls
from hub.local.secrets import development_secrets
from hub.local.servers import LocalServers
from hub.local.tests.tools import FAST, ROOT, end, nothing_runs_on, published, supervise

COMMAND = """
import json, os, sys
from hub.local.bootstrap import ensure_servers
with ensure_servers(sys.argv) as servers:
    names = ("DATABASE_URL", "REDIS_URL", "HUB_EMBEDDED")
    env = {name: os.environ.get(name) for name in names}
    print(json.dumps({"env": env, "pids": servers and servers.pids}), flush=True)
    sys.stdin.read()
"""
NAMED = ("DATABASE_URL", "DATABASE_URL_FILE", "REDIS_URL", "REDIS_URL_FILE", "HUB_EMBEDDED", "HUB_VAR", "HUB_ENV_FILE")
DATABASE, BROKER = "postgresql://somebody@db.example/hub", "redis://broker.example/0"


def start(*words: str, var: Path, **env: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NAMED}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        cwd=ROOT,
        env=inherited | {"HUB_VAR": str(var), "HUB_ENV_FILE": os.devnull} | env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(command: subprocess.Popen[str]) -> dict:
    return json.loads(command.stdout.readline() or pytest.fail(command.communicate()[1]))


def run(*words: str, var: Path, **env: str) -> dict:
    command = start(*words, var=var, **env)
    said = answer(command)
    end(command)
    assert command.returncode == 0
    return said


def test_it_starts_servers_for_as_long_as_it_runs(tmp_path: Path):
    command = start("migrate", var=tmp_path / "var")
    said = answer(command)
    found = running_urls(tmp_path / "var")
    assert (said["env"]["DATABASE_URL"], said["env"]["REDIS_URL"]) == (found.database_url, found.redis_url)
    assert said["env"]["HUB_EMBEDDED"] == "true"
    end(command)
    assert nothing_runs_on(tmp_path / "var", said["pids"])


def test_it_uses_the_servers_that_run_and_leaves_them_running(tmp_path: Path):
    with LocalServers(tmp_path / "var", postgres_options=FAST) as servers:
        said = run("migrate", var=tmp_path / "var")
        assert said["env"]["DATABASE_URL"] == servers.database_url
        assert said["pids"] is None
        assert running_urls(tmp_path / "var").pids == servers.pids


def test_two_commands_at_once_share_what_the_first_starts(tmp_path: Path):
    commands = [start("migrate", var=tmp_path / "var") for _ in range(2)]
    first, second = (answer(command) for command in commands)
    assert first["env"] == second["env"]
    assert [first["pids"], second["pids"]].count(None) == 1
    for command in commands:
        end(command)
    assert nothing_runs_on(tmp_path / "var")


def test_with_both_urls_set_nothing_is_started_and_no_secret_is_made(tmp_path: Path):
    said = run("migrate", var=tmp_path / "var", DATABASE_URL=DATABASE, REDIS_URL=BROKER)
    assert said["env"] == {"DATABASE_URL": DATABASE, "REDIS_URL": BROKER, "HUB_EMBEDDED": None}
    assert not (tmp_path / "var").exists()


def test_urls_in_files_and_in_dotenv_count_as_set(tmp_path: Path):
    (tmp_path / "url").write_text(DATABASE)
    (tmp_path / ".env").write_text(f"REDIS_URL={BROKER}\n")
    run(
        "migrate",
        var=tmp_path / "var",
        DATABASE_URL_FILE=str(tmp_path / "url"),
        HUB_ENV_FILE=str(tmp_path / ".env"),
    )
    assert not (tmp_path / "var").exists()


def test_with_only_the_database_named_valkey_alone_is_started_and_no_secrets_of_development_are_allowed(tmp_path: Path):
    said = run("migrate", var=tmp_path / "var", DATABASE_URL=DATABASE)
    assert list(said["pids"]) == ["valkey"]
    assert said["env"]["DATABASE_URL"] == DATABASE
    assert said["env"]["HUB_EMBEDDED"] is None


@pytest.mark.parametrize("words", [("help",), ("spectacular",), ("check",), ("migrate", "--help"), ()])
def test_a_command_that_connects_to_nothing_starts_nothing(tmp_path: Path, words: tuple[str, ...]):
    said = run(*words, var=tmp_path / "var")
    assert said["pids"] is None
    assert said["env"]["DATABASE_URL"].startswith("postgresql://")
    assert not (tmp_path / "var" / "local.json").exists()


def test_a_check_of_the_database_needs_one(tmp_path: Path):
    assert set(run("check", "--database", "default", var=tmp_path / "var")["pids"]) == {"postgres", "valkey"}


def test_embedding_can_be_forbidden(tmp_path: Path):
    said = run("migrate", var=tmp_path / "var", HUB_EMBEDDED="false")
    assert said["env"] == {"DATABASE_URL": None, "REDIS_URL": None, "HUB_EMBEDDED": "false"}
    assert not (tmp_path / "var").exists()


def test_the_command_that_keeps_the_servers_for_others_leans_on_nobody(tmp_path: Path):
    other = supervise(tmp_path / "var")
    command = start("runstack", var=tmp_path / "var")
    said = command.communicate()
    assert command.returncode == 1
    assert said[0] == ""
    assert said[1].startswith(f"error: Process {other.pid} already runs on {tmp_path / 'var'}: stop it")
    assert len(said[1].splitlines()) == 1
    assert running_urls(tmp_path / "var") == published(tmp_path / "var")
    end(other)


def test_a_failure_is_one_line_and_exit_status_1(tmp_path: Path):
    (tmp_path / "var").write_text("not a directory")
    command = start("migrate", var=tmp_path / "var")
    said = command.communicate()
    assert (command.returncode, said[0], len(said[1].splitlines())) == (1, "", 1)
    assert said[1].startswith("error: ")


def test_the_servers_can_have_fixed_ports(tmp_path: Path):
    with LocalServers(tmp_path / "probe", postgres=False) as probe:
        port = probe.redis_url.rpartition(":")[2].partition("/")[0]
    said = run("migrate", var=tmp_path / "var", HUB_VALKEY_PORT=port)
    assert said["env"]["REDIS_URL"].endswith(f"@127.0.0.1:{port}/0")


@pytest.mark.parametrize(
    "env", [{"HUB_EMBEDDED": "perhaps"}, {"HUB_POSTGRES_PORT": "many"}, {"REDIS_URL_FILE": "/none"}]
)
def test_a_malformed_setting_is_named_in_one_line(tmp_path: Path, env: dict[str, str]):
    command = start("migrate", var=tmp_path / "var", **env)
    said = command.communicate()
    assert (command.returncode, said[0], len(said[1].splitlines())) == (1, "", 1)
    assert next(iter(env)) in said[1]


def test_the_secrets_of_development_exist_before_the_settings_ask(tmp_path: Path):
    run("migrate", var=tmp_path / "var")
    kept = json.loads((tmp_path / "var" / "secrets" / "development.json").read_text())
    assert development_secrets(tmp_path / "var").items() <= kept.items()
