"""docs/API.md takes a new client from a key to a webhook: each of its commands runs, in order, in one shell, against a
whole hub, and what it prints is as shown.

They run twice where curl is there: with it, and with a stand-in; without it with the stand-in alone.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from hub.env import BASE_DIR
from hub.local.ports import free_port
from tests.docs import curl
from tests.docs.blocks import Block, blocks_of, difference
from tests.stack import HubStack

pytestmark = pytest.mark.stack

PAGE = BASE_DIR / "docs" / "API.md"
BLOCKS = blocks_of(PAGE.read_text(encoding="utf-8"))
STAND_IN = "the stand-in"
PROBLEM = "urn:ai-generation-hub:error:"
MOST_SHOWN = 2000
MOST_SECONDS = 150
_numbers = count(1)


def curls() -> list[str]:
    """The machine's own where it is new enough to know --fail-with-body, and the stand-in in any case."""
    path = shutil.which("curl")
    helped = path and subprocess.run([path, "--help", "all"], capture_output=True, text=True).stdout
    return [path, STAND_IN] if path and "--fail-with-body" in (helped or "") else [STAND_IN]


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., HubStack]) -> HubStack:
    return new_stack(operation_seconds=2, WEBHOOK_ALLOWED_HOSTS="127.0.0.1")


@pytest.fixture
def key(stack: HubStack) -> str:
    """Of a new account, made as the page says that an operator makes it."""
    command = ["create_client", f"you{next(_numbers)}@example.org", "--quota-usd", "20", "--json"]
    made = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=BASE_DIR, env=stack.env, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["api_key"])


def programs(folder: Path, which: str) -> Path:
    """A folder for PATH with the curl and the Python of this run."""
    folder.mkdir()
    start = f'exec "{which}"' if which != STAND_IN else f'exec "{sys.executable}" "{curl.__file__}"'
    for name, command in {"curl": start, "python3": f'exec "{sys.executable}"'}.items():
        (folder / name).write_text(f'#!/bin/sh\n{command} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def filled_in(command: str, values: dict[str, str]) -> str:
    """With this run's addresses and key in place of those of the page."""
    lines = command.split("\n")
    return "\n".join(f"{name}={values[name]}" if (name := line.partition("=")[0]) in values else line for line in lines)


def run(blocks: Sequence[Block], folder: Path, env: dict[str, str], values: dict[str, str]) -> str:
    """One shell for all commands; the text of its standard error. Every output is kept, `N.out`, until one fails."""
    script = ["set -euo pipefail"]
    for number, block in enumerate(blocks):
        (folder / f"{number}.sh").write_text(filled_in(block.command, values))
        script.append(f". ./{number}.sh > {number}.out; touch {number}.done")
    command = ["bash", "--noprofile", "--norc", "-c", "\n".join(script)]
    with (folder / "errors").open("w") as errors:
        shell = subprocess.Popen(command, cwd=folder, env=env, stderr=errors, start_new_session=True)
        try:
            # One that waits for ever is found by the mark that it does not leave.
            with suppress(subprocess.TimeoutExpired):
                shell.wait(MOST_SECONDS)
        finally:
            # With whatever it has started in the background.
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    return (folder / "errors").read_text()


def test_it_has_the_commands_that_it_promises() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.index("## From a key to a webhook") < page.index("## Quotes")
    assert len(BLOCKS) > 25
    assert {"HUB", "KEY", "HOOK"} <= {line.partition("=")[0] for block in BLOCKS for line in block.command.split("\n")}


@pytest.mark.parametrize("which", curls())
def test_every_command_runs_and_prints_what_is_shown(stack: HubStack, key: str, tmp_path: Path, which: str) -> None:
    path = f"{programs(tmp_path / 'bin', which)}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    values = {"HUB": stack.base_url, "KEY": key, "HOOK": f"http://127.0.0.1:{free_port()}/hook"}
    errors = run(BLOCKS, tmp_path, env, values)
    wrong = [complaint for number, block in enumerate(BLOCKS) if (complaint := complaint_of(block, tmp_path, number))]
    assert not wrong, "\n\n".join([*wrong, errors])


def complaint_of(block: Block, folder: Path, number: int) -> str:
    """What is wrong with a command or with what it printed; "" when all is as on the page."""
    output = folder / f"{number}.out"
    printed = output.read_text(errors="replace") if output.exists() else ""
    where = f"docs/API.md, line {block.line}:\n{block.command}"
    if not (folder / f"{number}.done").exists():
        return f"{where}did not come to its end\n{printed[:MOST_SHOWN]}"
    if problem := difference(block, printed):
        return f"{where}{problem}\n{printed[:MOST_SHOWN]}"
    return f"{where}is refused\n{printed}" if PROBLEM in printed and not block.shown else ""
