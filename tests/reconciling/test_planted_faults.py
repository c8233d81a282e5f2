"""Each fault that somebody with the rights of the database's owner plants is named, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as configured

from audit.models import AuditLog
from generations.reconciling import NAMES, reconcile
from hub.common.reconciling import Finding
from tests.owner import as_owner
from tests.reconciling.command import findings
from tests.reconciling.command import reconcile as run
from tests.reconciling.conftest import Books
from usage.models import QuotaPeriod, UsageDaily

Facts = Mapping[str, object]


def sql(statement: str) -> Callable[[Facts], None]:
    def plant(facts: Facts) -> None:
        assert as_owner(statement, facts, past_triggers=True) > 0, "nothing was planted"

    return plant


def remove_file(facts: Facts) -> None:
    (Path(configured.MEDIA_ROOT) / str(facts["key"])).unlink()


def cut_file(facts: Facts) -> None:
    (Path(configured.MEDIA_ROOT) / str(facts["key"])).write_bytes(b"fil")


# What is planted, and what is named then; {done}, {attempt} and so on are ids.
FAULTS: dict[str, tuple[Callable[[Facts], None], set[str]]] = {
    "a period holds a billionth more": (
        sql("UPDATE quota_periods SET held = held + 0.000000001"),
        {"period_held"},
    ),
    "a period has spent a billionth less": (
        sql("UPDATE quota_periods SET spent = spent - 0.000000001"),
        {"period_spent"},
    ),
    "a period is gone": (
        sql("DELETE FROM quota_periods WHERE quota_id IN (SELECT id FROM quotas WHERE period = 'day')"),
        {"holds_without_period"},
    ),
    "a hold was settled at another cost": (
        sql("UPDATE quota_holds SET cost = 0.04 WHERE reference = %(done)s"),
        {"hold_cost", "job_hold_cost", "period_spent"},
    ),
    "the amount of a hold is another": (
        sql("UPDATE quota_holds SET amount = 0.06 WHERE reference = %(canceled)s"),
        {"job_hold_amount"},
    ),
    "a hold is gone": (
        sql("DELETE FROM quota_holds WHERE reference = %(done)s"),
        {"job_without_hold", "ledger_without_hold", "period_spent"},
    ),
    "a hold is of no job": (
        sql("UPDATE quota_holds SET reference = %(other)s WHERE reference = %(canceled)s"),
        {"hold_without_job", "job_without_hold"},
    ),
    "the hold of an ended job is open": (
        sql("UPDATE quota_holds SET state = 'held', cost = NULL, closed_at = NULL WHERE reference = %(canceled)s"),
        {"job_hold_left", "period_held"},
    ),
    "the hold of a running job was released": (
        sql("UPDATE quota_holds SET state = 'released', closed_at = now() WHERE reference = %(running)s"),
        {"job_hold_early", "period_held"},
    ),
    "the cost of a job is another": (
        sql("UPDATE generations SET cost = 0.04 WHERE id = %(done)s"),
        {"job_cost", "job_hold_cost"},
    ),
    "an ended job has no cost": (
        sql("UPDATE generations SET cost = NULL WHERE id = %(done)s"),
        {"job_without_cost"},
    ),
    "the cost of a row of the ledger is another": (
        sql("UPDATE usage_logs SET cost = 0.04 WHERE attempt_id = %(attempt)s"),
        {"day_sums", "hold_cost", "job_cost", "ledger_cost"},
    ),
    "the units of a row of the ledger are others": (
        sql("UPDATE usage_logs SET units = '{\"output_token\": 301}' WHERE attempt_id = %(attempt)s"),
        {"day_sums", "ledger_cost"},
    ),
    "a row of the ledger says that it is above its hold": (
        sql("UPDATE usage_logs SET over_hold = true WHERE attempt_id = %(attempt)s"),
        {"ledger_over_hold"},
    ),
    "a row of the ledger is gone": (
        sql("DELETE FROM usage_logs WHERE attempt_id = %(attempt)s"),
        {"attempt_without_row", "day_sums", "hold_cost", "job_cost"},
    ),
    "a row of the ledger is of no call": (
        sql("UPDATE usage_logs SET attempt_id = %(other)s WHERE attempt_id = %(attempt)s"),
        {"attempt_without_row", "row_without_attempt"},
    ),
    "a row of the ledger is of another job": (
        sql("UPDATE usage_logs SET reference = %(canceled)s WHERE attempt_id = %(attempt)s"),
        {"attempt_elsewhere", "hold_cost", "job_cost"},
    ),
    "a call of an ended job is open again": (
        sql("UPDATE generation_attempts SET state = 'sent', finished_at = NULL WHERE id = %(attempt)s"),
        {"attempt_early_row", "attempt_left"},
    ),
    "a day counts one request more": (
        sql("UPDATE usage_daily SET requests = requests + 1 WHERE shard = (SELECT min(shard) FROM usage_daily)"),
        {"day_sums"},
    ),
    "a day is gone": (sql("DELETE FROM usage_daily"), {"day_sums"}),
    "the object of a file is gone": (remove_file, {"object_missing"}),
    "the object of a file was cut": (cut_file, {"object_size"}),
}
# What is put right, and what is not as nobody can be certain.
MENDED = {"period_held", "period_spent", "job_hold_left", "day_sums"}


@pytest.fixture
def facts(books: Books) -> Facts:
    ids: dict[str, Any] = {name: getattr(books, name).id for name in ("done", "attempt", "canceled", "running")}
    return {**ids, "other": uuid4(), "key": books.file.key}


def test_books_that_agree_have_no_finding(books: Books) -> None:
    status, said = run()
    assert (status, said.splitlines()[-1]) == (0, "The books agree.")
    assert findings() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_and_its_row_with_it(fault: str, facts: Facts) -> None:
    plant, kinds = FAULTS[fault]
    plant(facts)
    found = findings()
    assert {finding["kind"] for finding in found} == kinds
    assert all(finding["row"] and finding["says"] for finding in found)
    assert {finding["kind"] for finding in found if finding["certain"]} == kinds & MENDED
    said = _put_right(kinds)
    assert all(kind in said for kind in kinds)


def _put_right(kinds: set[str]) -> str:
    """What is certain is put right, audited, and not found again; the rest stays and is named."""
    status, said = run("--fix")
    left = kinds - MENDED
    assert status == int(bool(left))
    assert said.count("put right\n") == AuditLog.objects.filter(action="usage.reconciled").count()
    assert {finding["kind"] for finding in findings()} == left
    assert "put right" not in run("--fix")[1]
    return said


def test_every_kind_of_finding_is_planted() -> None:
    """A kind stands in the source as the text behind `kind=` or as the second argument of `_finding`."""
    planted = set().union(*(kinds for _, kinds in FAULTS.values()))
    sources = [*Path("usage/reconciling").glob("*.py"), *Path("generations/reconciling").glob("*.py")]
    text = "".join(path.read_text() for path in [*sources, Path("media/reconciling.py")])
    for kind in planted - {"period_held", "period_spent"}:
        assert f'"{kind}"' in text
    named = set(re.findall(r'(?:kind=|_finding\(\w+, )"(\w+)"', text))
    assert named
    assert named <= planted
    page = Path("docs/RECONCILING.md").read_text()
    assert [kind for kind in planted if f"`{kind}`" not in page] == []


def test_a_mended_day_is_equal_to_the_ledger_in_every_column(facts: Facts) -> None:
    as_it_was = list(UsageDaily.objects.values_list("requests", "cost", "output_tokens"))
    FAULTS["a day is gone"][0](facts)
    run("--fix")
    rows = UsageDaily.objects.values_list("requests", "cost", "output_tokens")
    assert [sum(column) for column in zip(*rows, strict=True)] == [
        sum(column) for column in zip(*as_it_was, strict=True)
    ]


def test_without_fix_nothing_is_changed(facts: Facts) -> None:
    FAULTS["a period holds a billionth more"][0](facts)
    held = set(QuotaPeriod.objects.values_list("id", "held"))
    run()
    assert set(QuotaPeriod.objects.values_list("id", "held")) == held
    assert not AuditLog.objects.filter(action="usage.reconciled").exists()


def test_one_check_alone_is_run_when_it_is_named(facts: Facts) -> None:
    FAULTS["the object of a file is gone"][0](facts)
    assert run(*(f"--only={name}" for name in NAMES if name != "objects"))[0] == 0
    assert run("--only=objects")[0] == 1


def test_a_finding_says_where_and_what(facts: Facts) -> None:
    FAULTS["the cost of a job is another"][0](facts)
    found: list[Finding] = [each.finding for each in reconcile(only=["jobs"])]
    assert str(found[0]) == (
        f"job_hold_cost: generations {facts['done']}: what was settled is not its cost (cost 0.04, settled 0.03)"
    )
