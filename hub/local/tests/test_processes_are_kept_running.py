"""A process of the stack that ends is started again, a few times; stopping ends it and what it started."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.local.errors import LocalServerError
from hub.local.process import alive
from hub.local.stack import RESTARTS, Part, Patience, Stack
from hub.local.tests.tools import children_of

Said = list[str]


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def stack(tmp_path: Path, said: Said) -> Iterator[Stack]:
    stack = Stack(tmp_path / "logs", said.append)
    yield stack
    stack.stop("part")


def part(script: str, tmp_path: Path, *stop_signals: tuple[signal.Signals, float]) -> Part:
    return Part("part", ["/bin/sh", "-c", script], tmp_path, dict(os.environ), signal.SIGKILL, stop_signals)


def until(holds: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_that_was_killed_is_started_again_and_said_so(stack: Stack, said: Said, tmp_path: Path):
    stack.start(part("exec sleep 600", tmp_path))
    first = stack.pids["part"]
    os.kill(first, signal.SIGKILL)
    until(stack.tend)
    assert stack.pids["part"] != first
    assert said == [
        f"part ended (by SIGKILL); its log is {tmp_path / 'logs' / 'part.log'}.",
        f"part runs again (process {stack.pids['part']}).",
    ]


def test_nothing_changes_while_it_runs(stack: Stack, said: Said, tmp_path: Path):
    stack.start(part("exec sleep 600", tmp_path))
    assert [stack.tend() for _ in range(3)] == [False] * 3
    assert said == []


def test_one_that_keeps_ending_is_given_up_with_the_end_of_its_log(stack: Stack, said: Said, tmp_path: Path):
    stack.start(part("echo no such thing; exit 3", tmp_path))
    with pytest.raises(LocalServerError) as caught:
        until(lambda: stack.tend() and False)
    log = tmp_path / "logs" / "part.log"
    assert str(caught.value) == f"part keeps ending (exit status 3); the end of {log}:\n  no such thing"
    assert len([line for line in said if "runs again" in line]) == RESTARTS
    assert log.read_text() == "no such thing\n" * (RESTARTS + 1)
    assert stack.pids == {}


def test_each_restart_is_a_little_later_than_the_one_before():
    patience = Patience()
    pauses = [patience.pause() for _ in range(RESTARTS + 1)]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, None]


def test_while_all_start_one_that_ends_is_an_error_at_once(stack: Stack, tmp_path: Path):
    stack.start(part("echo cannot; exit 1", tmp_path))
    with pytest.raises(LocalServerError, match=r"part did not start \(exit status 1\); the end of .*:\n  cannot"):
        until(stack.check)


def test_what_it_left_behind_is_ended_before_it_starts_again(stack: Stack, tmp_path: Path):
    stack.start(part("sleep 600 & wait", tmp_path))
    until(lambda: children_of(stack.pids["part"]))
    (child,) = children_of(stack.pids["part"])
    os.kill(stack.pids["part"], signal.SIGKILL)
    until(stack.tend)
    assert not alive(child)


def test_stopping_sends_its_signal_and_waits_for_it_to_finish(stack: Stack, tmp_path: Path):
    script = f"trap 'sleep 0.3; echo done > {tmp_path}/mark; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    stack.start(part(script, tmp_path, (signal.SIGTERM, 10.0)))
    until(lambda: (tmp_path / "logs" / "part.log").read_text() == "up\n")
    stack.stop("part")
    assert (tmp_path / "mark").read_text() == "done\n"


def test_stopping_kills_one_that_does_not_listen_and_its_children(stack: Stack, tmp_path: Path):
    stack.start(part("trap '' TERM; sleep 600 & wait; sleep 600", tmp_path, (signal.SIGTERM, 0.3)))
    pid = stack.pids["part"]
    until(lambda: children_of(pid))
    (child,) = children_of(pid)
    stack.stop("part")
    assert not alive(pid)
    until(lambda: not alive(child))


def test_a_log_that_has_grown_large_is_moved_aside(tmp_path: Path, said: Said):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "part.log").write_bytes(b"x" * (6 * 1024 * 1024))
    stack = Stack(tmp_path / "logs", said.append)
    stack.start(Part("part", [sys.executable, "-c", ""], tmp_path, {}, signal.SIGKILL, ()))
    stack.stop("part")
    assert (tmp_path / "logs" / "part.log").stat().st_size == 0
    assert (tmp_path / "logs" / "part.log.1").stat().st_size == 6 * 1024 * 1024
