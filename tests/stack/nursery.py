"""Where workers are made that die at a given step."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hub.env import BASE_DIR
from hub.local import parts
from hub.local.process import Program, alive, kill_session, launch_line

if TYPE_CHECKING:
    from tests.stack.hub import HubStack


class Nursery:
    """Makes workers of one stack; a context manager, entered in the main thread. See tests.stack.dying_worker."""

    def __init__(self, stack: HubStack) -> None:
        # What follows `python -m celery` there, but for the queues.
        words = [str(word) for word in parts.worker(stack.env, ()).argv]
        words = words[words.index("celery") + 1 :]
        at = words.index("-Q")
        argv: list[str | Path] = [sys.executable, "-m", "tests.stack.dying_worker", *words[:at], *words[at + 2 :]]
        program = Program(argv, parts.KILLED, cwd=BASE_DIR)
        with open(stack.logs / "dying.log", "ab") as log:
            self._process = subprocess.Popen(
                launch_line(program),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=stack.env,
                start_new_session=True,
            )

    def __enter__(self) -> Nursery:
        assert self._answer() == "ready"
        return self

    def __exit__(self, *_: object) -> None:
        kill_session(self._process)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def worker(self, step: str, queue: str) -> int:
        """The process id of a new worker that consumes `queue` and dies at `step`."""
        return int(self._ask(f"{step} {queue}"))

    def is_alive(self, pid: int) -> bool:
        return alive(pid)

    def ending(self, pid: int) -> int:
        """How the worker ended: minus the number of a signal, else its exit status."""
        return int(self._ask(f"wait {pid}"))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
