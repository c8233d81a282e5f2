"""Submissions, ends and cancellations of one user at once: the share is never exceeded, and nobody is forgotten."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from generations.errors import NotCancelable, TooManyJobs
from generations.models import Generation
from generations.services import books, lease
from generations.services.cancel import cancel
from generations.services.submit import Order, submit
from hub.common.errors import HubError
from tests.rest import Caller
from usage.models import QuotaHold

SHARE, MOST = 3, 12
ORDER = Order(model="gemini-3.8-flash", prompt="The sea.")
KINDS = ("text", "image", "video", "music")


@pytest.fixture
def committed(transactional_db: None, settings: Any) -> None:
    """For tests whose threads must see each other's rows, with a small share."""
    settings.CONCURRENCY_SHARE = dict.fromkeys(KINDS, SHARE)
    settings.MAX_JOBS_IN_FLIGHT = dict.fromkeys(KINDS, MOST)


def at_once(*works: Callable[[], None]) -> list[BaseException]:
    """Runs them in threads of their own that begin together; what they raised."""
    start, raised = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return raised


def test_parallel_submissions_admit_exactly_the_share_and_take_exactly_the_most(
    committed: None, new_caller: Callable[..., Caller], prices: None, no_jobs: None
) -> None:
    caller, codes = new_caller(), Counter[str]()

    def some() -> None:
        for _ in range(4):
            try:
                submit(api_key=caller.key, order=ORDER)
                codes["taken"] += 1
            except HubError as error:
                codes[error.code] += 1

    assert at_once(*[some] * 6) == []
    assert codes == {"taken": MOST, "too_many_jobs": 24 - MOST}
    assert Generation.objects.open().count() == QuotaHold.objects.count() == MOST
    assert Generation.objects.open().admitted().count() == SHARE


def test_whatever_ends_while_others_come_the_share_is_kept_and_used(
    committed: None, new_caller: Callable[..., Caller], prices: None, no_jobs: None
) -> None:
    caller = new_caller()
    coming, most_seen = ["first", "second", "third"], list[int]()

    def work() -> None:
        """Ends whatever is admitted, until nothing is open and nobody submits any more."""
        while coming or Generation.objects.open().exists():
            admitted = list(Generation.objects.open().admitted().values_list("id", flat=True))
            most_seen.append(len(admitted))
            for generation_id in random.sample(admitted, len(admitted)):
                job = lease.take(generation_id=generation_id)
                if job is not None:
                    books.cancel(job)

    def come() -> None:
        for _ in range(15):
            with suppress(TooManyJobs):
                job, _ = submit(api_key=caller.key, order=ORDER)
                if random.random() < 0.3:
                    with suppress(NotCancelable):
                        cancel(generation=job, api_key=caller.key)
        coming.pop()

    assert at_once(work, work, *[come] * len(coming)) == []
    assert max(most_seen) == SHARE
    assert not Generation.objects.open().exists()
    assert not QuotaHold.objects.filter(state="held").exists()
