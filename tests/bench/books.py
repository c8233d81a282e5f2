"""Whether the work went right: every job succeeded, and quota, holds, ledger, roll-up and provider agree."""

from __future__ import annotations

import json
import time
import urllib.request
from decimal import Decimal

from django.db.models import Count, Sum

from generations.models import Generation, GenerationAttempt
from tests.bench.wrong import WorkWentWrong
from usage.enums import HoldState
from usage.models import QuotaHold, QuotaPeriod, UsageDaily, UsageLog
from users.models import User

STUCK_SECONDS = 120.0
LOOK_SECONDS = 0.02


def wait_until_ended(owner: User) -> float:
    """Returns when no job of the owner is open: the moment (time.perf_counter) it was seen.

    Raises WorkWentWrong when nothing has moved for STUCK_SECONDS.
    """
    moved, open_before = time.monotonic(), -1
    while True:
        now_open = Generation.objects.open().filter(owner=owner).count()
        if now_open == 0:
            return time.perf_counter()
        if now_open != open_before:
            moved, open_before = time.monotonic(), now_open
        if time.monotonic() - moved > STUCK_SECONDS:
            raise WorkWentWrong(f"{now_open} jobs have not moved for {STUCK_SECONDS:.0f} s.")
        time.sleep(LOOK_SECONDS)


def check(simulator_url: str, *, replayed: int) -> None:
    """Raises WorkWentWrong with the first fact that is not as it must be. `replayed` jobs called no provider."""
    ended = dict(Generation.objects.values_list("status").annotate(number=Count("id")))
    _same("jobs by status", ended, {Generation.Status.SUCCEEDED.value: sum(ended.values())})
    spent = _sum(QuotaPeriod.objects.aggregate(total=Sum("spent")))
    _same("held in quotas", _sum(QuotaPeriod.objects.aggregate(total=Sum("held"))), Decimal(0))
    _same("open holds", QuotaHold.objects.filter(state=HoldState.HELD).count(), 0)
    _same("spent and settled", spent, _sum(QuotaHold.objects.aggregate(total=Sum("cost"))))
    _same("spent and the ledger", spent, _sum(UsageLog.objects.aggregate(total=Sum("cost"))))
    _same("spent and the daily sums", spent, _sum(UsageDaily.objects.aggregate(total=Sum("cost"))))
    _same("ledger rows and attempts", UsageLog.objects.count(), GenerationAttempt.objects.count())
    _same("the provider's count and the ledger", len(_calls(simulator_url)), UsageLog.objects.count() - replayed)


def _calls(simulator_url: str) -> list[object]:
    with urllib.request.urlopen(f"{simulator_url}/_simulator/calls", timeout=30) as answer:
        calls: list[object] = json.load(answer)["calls"]
    return calls


def _sum(aggregate: dict[str, Decimal | None]) -> Decimal:
    return aggregate["total"] or Decimal(0)


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise WorkWentWrong(f"{what}: {found} and {expected}")
