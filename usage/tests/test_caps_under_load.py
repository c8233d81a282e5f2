"""A cap holds whatever is thrown at it: eight processes, each with its own connection."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Count, F, Sum

from hub.common.money import ZERO
from tests.owner import owner_connection
from usage.models import QuotaHold, QuotaPeriod, UsageDaily, UsageLog
from usage.services import set_quota
from usage.tests import workers
from users.models import User

pytestmark = pytest.mark.usefixtures("committed")
PROCESSES = 8


@pytest.fixture
def client(committed: None) -> User:
    return User.objects.create_user(f"{uuid4()}@example.org")


@pytest.fixture
def cap_in_the_database(committed: None) -> Iterator[None]:
    """The database itself refuses any moment at which more is spent and held than the limit."""
    with owner_connection() as owner:
        owner.execute('ALTER TABLE quota_periods ADD CONSTRAINT cap CHECK (spent + held <= "limit")')
    yield
    with owner_connection() as owner:
        owner.execute("ALTER TABLE quota_periods DROP CONSTRAINT cap")


def run(pool: ProcessPoolExecutor, verb: Any, *arguments: Any) -> list[Future[Any]]:
    return [pool.submit(verb, *arguments) for _ in range(PROCESSES)]


def highest_while(jobs: list[Future[Any]]) -> tuple[Decimal, int]:
    """The most that was spent and held at any look, and how many looks there were, until every job is done."""
    highest, looks = ZERO, 0
    while not all(job.done() for job in jobs):
        for taken in QuotaPeriod.objects.annotate(taken=F("spent") + F("held")).values_list("taken", flat=True):
            highest, looks = max(highest, taken), looks + 1
        time.sleep(0.005)
    return highest, looks


def test_it_admits_exactly_fifty_of_a_thousand_holds_of_ten_cents_against_five_dollars(
    client: User, processes: ProcessPoolExecutor, cap_in_the_database: None
) -> None:
    set_quota(user=client, kind="", period="day", limit=Decimal(5), actor=None)
    jobs = run(processes, workers.hold_many, client.pk, ["text"], "0.10", 125)
    highest, looks = highest_while(jobs)
    admitted = sum(len(job.result()[0]) for job in jobs)
    refused = Counter(code for job in jobs for code in job.result()[1])
    assert admitted == 50
    assert refused == {"quota_held": 950}
    assert highest <= 5
    assert looks > 50
    period = QuotaPeriod.objects.get()
    assert (period.spent, period.held) == (ZERO, Decimal(5))
    assert QuotaHold.objects.count() == 50


@pytest.mark.parametrize(
    ("kind", "amount", "fitting"),
    [("text", "0.000000075", 66), ("image", "0.134", 37), ("video", "3.20", 1), ("music", "0.08", 62)],
)
def test_it_admits_as_many_as_fit_at_the_price_of_each_kind(
    kind: str, amount: str, fitting: int, client: User, processes: ProcessPoolExecutor, cap_in_the_database: None
) -> None:
    limit = Decimal(5) if kind != "text" else Decimal("0.000005")
    set_quota(user=client, kind=kind, period="month", limit=limit, actor=None)
    jobs = run(processes, workers.hold_many, client.pk, [kind], amount, 15)
    assert sum(len(job.result()[0]) for job in jobs) == fitting
    assert QuotaPeriod.objects.get().held == Decimal(amount) * fitting


def test_it_keeps_two_caps_under_crossing_load_without_a_deadlock(
    client: User, processes: ProcessPoolExecutor, cap_in_the_database: None
) -> None:
    set_quota(user=client, kind="video", period="day", limit=Decimal("0.7"), actor=None)
    set_quota(user=client, kind="", period="month", limit=Decimal("1.5"), actor=None)
    set_quota(user=client, kind="image", period="total", limit=Decimal("0.9"), actor=None)
    jobs = run(processes, workers.hold_and_end_many, client.pk, ["image", "video"], "0.10", "0.01", 30)
    settled = sum(job.result() for job in jobs)
    periods = {period.quota.kind: period for period in QuotaPeriod.objects.select_related("quota")}
    assert {kind: period.held for kind, period in periods.items()} == {"": ZERO, "video": ZERO, "image": ZERO}
    assert periods[""].spent == Decimal("0.01") * settled
    assert periods["video"].spent + periods["image"].spent == periods[""].spent
    assert not QuotaHold.objects.filter(state="held").exists()


def test_it_lets_one_of_settle_and_release_win_each_hold(client: User, processes: ProcessPoolExecutor) -> None:
    set_quota(user=client, kind="", period="day", limit=Decimal(5), actor=None)
    references, _ = workers.hold_many(client.pk, ["text"], "0.10", 50)
    jobs = [processes.submit(workers.end_all, references, "0.07" if n % 2 else None) for n in range(PROCESSES)]
    ended = sum(job.result() for job in jobs)
    assert ended == 50
    states = dict(QuotaHold.objects.order_by().values_list("state").annotate(Count("id")))
    assert sum(states.values()) == 50
    assert set(states) <= {"settled", "released"}
    period = QuotaPeriod.objects.get()
    assert (period.spent, period.held) == (Decimal("0.07") * states.get("settled", 0), ZERO)


def test_it_adds_the_day_up_to_the_last_digit_of_the_ledger(client: User, processes: ProcessPoolExecutor) -> None:
    for job in run(processes, workers.log_many, client.pk, 40):
        job.result()
    for model, kind in workers.MODELS:
        logs = UsageLog.objects.filter(model=model, kind=kind)
        day = UsageDaily.objects.filter(model=model, kind=kind).aggregate(
            requests=Sum("requests"),
            cost=Sum("cost"),
            input_token=Sum("input_tokens"),
            output_token=Sum("output_tokens"),
            video_second=Sum("video_seconds"),
        )
        counted: Counter[str] = Counter()
        for log in logs:
            counted.update(log.units)
        assert day.pop("requests") == logs.count() > 50
        assert day.pop("cost") == sum(log.cost for log in logs)
        assert {unit: day[unit] for unit in day if day[unit]} == dict(counted)
    assert UsageDaily.objects.values("shard").distinct().count() > 1
