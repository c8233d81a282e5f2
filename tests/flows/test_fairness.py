"""One user's flood of jobs does not keep another user's single job waiting, and a killed worker forgets nobody."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.env import BASE_DIR
from tests.stack import Client, HubStack, eventually
from tests.stack.client import GENERATIONS
from tests.stack.nursery import Nursery

pytestmark = pytest.mark.stack

TEXT, IMAGE = "gemini-3.5-flash-lite", "gemini-2.5-flash-image"
FLOOD, SLOW_SECONDS = 300, 0.5
PROCESSES, EACH = 8, 10


def test_a_flood_of_one_user_does_not_hold_up_the_other(new_stack: Callable[..., HubStack]) -> None:
    stack = new_stack(CONCURRENCY_SHARE="8")
    slow = f"[[fault:slow seconds={SLOW_SECONDS}]] Waves."
    # Nobody works until all of it is there.
    stack.signal("worker", signal.SIGSTOP)
    with ThreadPoolExecutor(8) as pool:
        flood = list(pool.map(lambda _: stack.rich.submit(TEXT, slow), range(FLOOD)))
    # Redis knows of those at work and of no others: the queue is in the database.
    assert stack.redis.zcard("hub:due") == 9
    stack.signal("worker", signal.SIGCONT)

    waits = []
    for _ in range(3):
        started = time.monotonic()
        stack.wait_for(stack.client("other").submit(TEXT, slow), "succeeded")
        waits.append(time.monotonic() - started)
    left = len([job for job in stack.open_jobs() if str(job["id"]) in flood])
    print(f"the other user waited {', '.join(f'{wait:.2f}' for wait in waits)} s; {left} of {FLOOD} were still open")
    # Three jobs, one after the other, and not half of the flood; behind it already the first would have seen its end.
    assert left > FLOOD / 2

    started = time.monotonic()
    stack.wait_until_all_have_ended(120)
    print(f"the flood ended {time.monotonic() - started:.1f} s later")
    stack.assert_the_books_balance()


def storm(stack: HubStack, client: Client, model: str) -> Counter[int]:
    """How often each status came, from all processes at once."""
    headers = {"Authorization": f"Bearer {client.api_key}", "Content-Type": "application/json"}
    order = json.dumps({"headers": headers, "body": {"model": model, "prompt": "Waves."}})
    argv = [sys.executable, "-m", "tests.stack.submitter", stack.base_url, GENERATIONS, str(EACH)]
    clients = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=BASE_DIR)
        for _ in range(PROCESSES)
    ]
    counts: Counter[int] = Counter()
    for each in clients:
        assert each.stdin is not None
        each.stdin.write(f"{order}\n")
        each.stdin.flush()
    for each in clients:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in clients:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    answers = [each.communicate()[0] for each in clients]
    for answer in answers:
        counts.update({int(status): times for status, (times, _) in json.loads(answer).items()})
    return counts


def test_parallel_processes_admit_exactly_the_share_and_no_more_than_the_most(
    new_stack: Callable[..., HubStack],
) -> None:
    stack = new_stack(running=("simulator", "web"), CONCURRENCY_SHARE="5", MAX_JOBS_IN_FLIGHT_IMAGE="30")
    total = PROCESSES * EACH
    assert storm(stack, stack.rich, TEXT) == {202: total}
    assert storm(stack, stack.rich, IMAGE) == {202: 30, 429: total - 30}
    counts = stack.rows(
        "SELECT kind, count(*) AS jobs, count(admitted_at) AS admitted FROM generations GROUP BY kind ORDER BY kind"
    )
    assert [tuple(row.values()) for row in counts] == [("image", 30, 5), ("text", total, 5)]
    assert [stack.redis.llen(kind) for kind in ("image", "text")] == [5, 5]
    # Those admitted, and the first in line of each kind.
    assert stack.redis.zcard("hub:due") == 12
    assert stack.value("SELECT count(*) FROM quota_holds") == total + 30

    stack.start("worker", "clock")
    stack.wait_until_all_have_ended(120)
    stack.assert_the_books_balance()


@pytest.mark.parametrize("step", ["the_promotion", "the_handing_over"])
def test_a_worker_that_dies_at_the_promotion_forgets_nobody(new_stack: Callable[..., HubStack], step: str) -> None:
    """Before the commit nothing has happened; after it the next one is admitted, and nobody was told."""
    stack = new_stack(running=("simulator", "clock", "web"), CONCURRENCY_SHARE="1")
    stack.signal("clock", signal.SIGSTOP)
    jobs = [stack.rich.submit(TEXT, f"Number {number}.") for number in range(3)]
    with Nursery(stack) as nursery:
        worker = nursery.worker(step, "text")
        eventually(lambda: not nursery.is_alive(worker), "the death of the worker")
        assert nursery.ending(worker) == -signal.SIGKILL, stack.log("dying")[-2000:]
    admitted = stack.rows("SELECT id FROM generations WHERE admitted_at IS NOT NULL ORDER BY id")
    expected = jobs[:1] if step == "the_promotion" else jobs[:2]
    assert [str(row["id"]) for row in admitted] == expected
    assert stack.redis.llen("text") == 0

    stack.start("worker")
    stack.signal("clock", signal.SIGCONT)
    seconds = stack.wait_until_all_have_ended(30)
    print(f"all three had ended {seconds:.1f} s after a new worker came")
    assert [stack.state(job)["status"] for job in jobs] == ["succeeded"] * 3
    assert stack.log("clock").count("sweep:") == 1, "the sweep at the clock's start alone"
    stack.assert_the_books_balance()
