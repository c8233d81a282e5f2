"""One list of processes: docs/DEPLOY.md, the Procfile, systemd's units, the Dockerfile and the local stack agree."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub.env import BASE_DIR
from hub.local import parts

PROCESSES = ("web", "worker", "clock")
UNITS = BASE_DIR / "deploy" / "systemd"
PROGRAMS = Path(sys.executable).parent
DEPLOY = (BASE_DIR / "docs" / "DEPLOY.md").read_text()
CONFIGURATION = (BASE_DIR / "docs" / "CONFIGURATION.md").read_text()
# Longer than the hub's own patience, so that a SIGKILL never comes before it.
PATIENCE = {"web": 30, "worker": 300, "clock": 10}


def without(words: list[str], *options: str) -> list[str]:
    """The command without these options and their values, which differ by place."""
    kept = list(words)
    for option in options:
        while option in kept:
            at = kept.index(option)
            del kept[at : at + 2]
    return kept


def documented() -> dict[str, list[str]]:
    rows = re.findall(r"^\| (\w+) \| `([^`]+)` \|", DEPLOY.partition("## The environment")[0], re.MULTILINE)
    return {name: shlex.split(command) for name, command in rows}


def of_procfile() -> dict[str, list[str]]:
    lines = (BASE_DIR / "Procfile").read_text().splitlines()
    return {name: shlex.split(command) for name, _, command in (line.partition(": ") for line in lines)}


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(UNITS / f"hub-{name}.service")
    return parsed


def of_systemd() -> dict[str, list[str]]:
    commands = {name: shlex.split(unit(name)["Service"]["ExecStart"]) for name in PROCESSES}
    assert all(words[0].startswith("/srv/hub/.venv/bin/") for words in commands.values())
    return {name: [Path(words[0]).name, *without(words[1:], "--bind")] for name, words in commands.items()}


def of_the_local_stack() -> dict[str, list[str]]:
    made = {"web": parts.web({}, (), 3), "worker": parts.worker({}, ()), "clock": parts.clock({}, ())}
    words = {name: [str(word) for word in part.argv] for name, part in made.items()}
    web = without(words["web"][2:], "--bind", "--log-level")
    return {"web": web, "worker": words["worker"][2:], "clock": ["python", "manage.py", *words["clock"][2:]]}


def test_there_are_these_processes() -> None:
    assert tuple(documented()) == PROCESSES
    assert {path.name for path in UNITS.iterdir()} == {f"hub-{name}.service" for name in PROCESSES}


@pytest.mark.parametrize("name", PROCESSES)
def test_everybody_starts_it_the_same_way(name: str) -> None:
    command = documented()[name]
    assert of_procfile()[name] == command
    assert of_systemd()[name] == command
    patience = "--graceful-timeout"
    assert without(of_the_local_stack()[name], patience) == without(command, patience)


def test_the_image_starts_the_web_process() -> None:
    [command] = re.findall(r"^CMD (\[.*\])$", (BASE_DIR / "Dockerfile").read_text(), re.MULTILINE)
    assert without(json.loads(command), "--bind") == documented()["web"]


@pytest.mark.parametrize("name", [*PROCESSES, "release"])
def test_what_it_starts_is_there(name: str) -> None:
    command = of_procfile()[name]
    assert (PROGRAMS / command[0]).exists()
    if command[0] == "python":
        assert (BASE_DIR / command[1]).exists()
        help_text = subprocess.run(
            [sys.executable, command[1], command[2], "--help"], cwd=BASE_DIR, capture_output=True, text=True
        )
        assert help_text.returncode == 0, help_text.stderr


@pytest.mark.parametrize("name", PROCESSES)
def test_a_unit_gives_time_to_end_and_keeps_secrets_out(name: str) -> None:
    service = unit(name)["Service"]
    assert service["KillSignal"] == "SIGTERM"
    # The master alone is told: it tells its own.
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > PATIENCE[name]
    assert service["User"] != "root"
    assert service["EnvironmentFile"] == "/etc/hub/hub.env"
    text = (UNITS / f"hub-{name}.service").read_text()
    assert set(re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)) <= {
        *("PYTHONUNBUFFERED", "HUB_VAR", "WEB_CONCURRENCY", "MALLOC_ARENA_MAX")
    }


@pytest.mark.parametrize("name", PROCESSES)
def test_systemd_takes_the_unit(name: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    # Verified where the programs are here, by a way without spaces, which a unit would take for the end of a word.
    programs, tree = tmp_path / "bin", tmp_path / "hub"
    programs.symlink_to(PROGRAMS)
    tree.symlink_to(BASE_DIR)
    path = tmp_path / f"hub-{name}.service"
    text = (UNITS / f"hub-{name}.service").read_text()
    path.write_text(text.replace("/srv/hub/.venv/bin", str(programs)).replace("/srv/hub", str(tree)))
    done = subprocess.run([program, "verify", "--man=no", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    path.write_text(path.read_text().replace("ExecStart=", "ExecStart=/no/such/program "))
    assert subprocess.run([program, "verify", "--man=no", str(path)], capture_output=True).returncode != 0


def test_hadolint_takes_the_dockerfile() -> None:
    done = subprocess.run([PROGRAMS / "hadolint", "Dockerfile"], cwd=BASE_DIR, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_setting_that_it_names_is_in_the_book_of_settings() -> None:
    section = DEPLOY.partition("## The environment")[2].partition("## Health")[0]
    named = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", section)) - {"NAME_FILE"}
    assert len(named) > 15
    assert {name for name in named if f"`{name}`" not in CONFIGURATION} == set()
