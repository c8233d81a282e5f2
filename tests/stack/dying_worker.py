"""`python -m tests.stack.dying_worker [arguments of celery]`: real workers, each killed at one step of a job.

It loads the hub once and forks a worker for every line `STEP QUEUE` on standard input, so that a death costs no start;
it answers with the process id. For a line `wait PID` it answers how that worker ended, as `Popen.returncode` says it.
The product has no hook for this: one function of it is wrapped in the forked process alone.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django
from celery.__main__ import main as celery_main

from hub.local.launch import die_with_parent

AFTER, BEFORE = "after", "before"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wrap(owner: Any, name: str, moment: str, is_it: Callable[[Any], bool] = bool) -> None:
    """Dies before `owner.name` runs, or when it returns something that `is_it`."""
    real = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if moment == BEFORE:
            die()
        result = real(*args, **kwargs)
        if is_it(result):
            die()
        return result

    setattr(owner, name, wrapped)


def load() -> dict[str, Callable[[], object]]:
    """What arms each step. Everything that a worker needs is imported now, and nothing is connected to."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    django.setup()

    from celery.apps.worker import Worker  # noqa: F401
    from celery.concurrency.thread import TaskPool  # noqa: F401

    from generations.live import feed
    from generations.providers.base import Pending
    from generations.providers.gemini import GeminiAdapter
    from generations.providers.interactions import InteractionsAdapter
    from generations.providers.vertex import VertexAdapter
    from generations.services import admission, answer, attempts, books, lease
    from generations.webhooks import outbox
    from usage import services as usage

    def always(_: Any) -> bool:
        return True

    def not_pending(outcome: Any) -> bool:
        return not isinstance(outcome, Pending)

    assert books.usage is usage
    adapters = (GeminiAdapter, InteractionsAdapter, VertexAdapter)
    return {
        "the_claim": lambda: wrap(lease, "take", AFTER),
        "the_attempt_row": lambda: wrap(attempts, "begin", AFTER),
        "the_first_answer": lambda: [wrap(each, "start", AFTER, always) for each in adapters],
        "the_first_piece": lambda: wrap(feed, "add_text", AFTER, always),
        "the_operation_name": lambda: wrap(attempts, "to_pending", AFTER, always),
        "the_last_answer": lambda: [wrap(each, "poll", AFTER, not_pending) for each in adapters],
        "the_bytes": lambda: wrap(answer, "bring_home", AFTER),
        "the_journal": lambda: wrap(attempts, "to_stored", AFTER, always),
        "the_settlement": lambda: wrap(usage, "settle_hold", AFTER),
        "the_promotion": lambda: wrap(admission, "promote", AFTER),
        "the_handing_over": lambda: wrap(admission, "send", BEFORE),
        "the_word": lambda: wrap(outbox, "dispatch", BEFORE),
        "the_commit": lambda: wrap(lease, "ended", BEFORE),
    }


def main() -> None:
    steps = load()
    print("ready", flush=True)
    for line in sys.stdin:
        first, second = line.split()
        if first == "wait":
            _, status = os.waitpid(int(second), 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            die_with_parent(parent, signal.SIGKILL)
            os.dup2(2, 1)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            steps[first]()
            sys.argv = ["celery", *sys.argv[1:], "-Q", second]
            celery_main()
            os._exit(1)
        print(child, flush=True)


if __name__ == "__main__":
    main()
