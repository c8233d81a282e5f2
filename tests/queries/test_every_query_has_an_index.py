"""Whoever waits for a query is served by an index, and every index serves somebody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest
from django.db import connection, models, transaction

from hub.common.named_queries import NamedQuery, Sample, Sort
from hub.env import BASE_DIR
from hub.neon.queries.explaining import Explained, explain
from hub.neon.queries.indexes import KEPT, duplicates, own_indexes
from hub.neon.queries.page import fingerprints, indexes_named
from hub.neon.queries.registry import all_queries
from tests.owner import as_owner
from usage.models import UsageLog

pytestmark = pytest.mark.django_db
PAGE = (BASE_DIR / "docs" / "QUERY_PERF.md").read_text(encoding="utf-8")
NOT_CURRENT = "docs/QUERY_PERF.md is not current: run manage.py explain_queries"
_explained: list[Explained] = []


@pytest.fixture
def explained(sample: Sample) -> list[Explained]:
    """Once for the module."""
    if not _explained:
        _explained.extend(explain(all_queries(), sample, analyze=False))
    return _explained


def test_names_are_unique_and_sources_are_there() -> None:
    queries = all_queries()
    assert len({query.name for query in queries}) == len(queries) > 100
    for query in queries:
        module, _, name = query.source.rpartition(".")
        assert resolved(module, name), query.source


@cache
def resolved(module: str, name: str) -> object:
    """Of a function, a class, or a method of one."""
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError:
        outer, _, owner = module.rpartition(".")
        return getattr(getattr(import_module(outer), owner), name)


def test_every_query_sends_something(explained: list[Explained]) -> None:
    silent = {query.name for query in all_queries()} - {each.query.name for each in explained}
    assert not silent


def test_an_index_can_serve_every_query(explained: list[Explained]) -> None:
    unserved = {each.query.name: each.unserved for each in explained if each.unserved}
    assert not unserved, "give them an index, or a table that does not grow a line in SMALL"


def test_the_page_tells_of_every_statement_as_it_is_now(explained: list[Explained]) -> None:
    sent = {(each.query.name, each.statement.fingerprint) for each in explained}
    told = fingerprints(PAGE)
    assert sent - told == set(), NOT_CURRENT
    # With a million rows a loop may come to a second page that these rows do not fill.
    assert {name for name, _ in told} == {name for name, _ in sent}, NOT_CURRENT


def test_every_index_serves_a_query_or_has_a_reason() -> None:
    own = {index.name for index in own_indexes() if not index.is_rule}
    assert own == indexes_named(PAGE), NOT_CURRENT
    assert "**nothing**" not in PAGE, "drop the index by a migration, or say in KEPT what it is for"
    assert KEPT.keys() <= own


def test_no_index_is_the_beginning_of_another_one() -> None:
    assert [(useless.name, other.name) for useless, other in duplicates(own_indexes())] == []


# --- and each of these can fail ---------------------------------------------------------------------------------------


def one(sort: Sort, rows: models.QuerySet[UsageLog]) -> NamedQuery:
    return NamedQuery(name="planted", sort=sort, source="planted", run=lambda sample: list(rows.all()))


@pytest.mark.parametrize("sort", [Sort.USER, Sort.UPKEEP])
def test_a_query_that_no_index_serves_is_found(sample: Sample, sort: Sort) -> None:
    rows = UsageLog.objects.filter(provider_request_id="provider-7").order_by()
    [found] = explain([one(sort, rows)], sample, analyze=False)
    assert found.unserved == {"usage_logs"}


def test_a_query_that_walks_through_everything_is_found_where_somebody_waits(sample: Sample) -> None:
    rows = UsageLog.objects.filter(provider_request_id="provider-7").order_by("-id")[:10]
    assert [each.unserved for each in explain([one(Sort.USER, rows)], sample, analyze=False)] == [{"usage_logs"}]
    assert [each.unserved for each in explain([one(Sort.ADMIN, rows)], sample, analyze=False)] == [set()]


@pytest.fixture
def without_the_index(sample: Sample) -> Iterator[None]:
    with transaction.atomic():
        as_owner("DROP INDEX usage_logs_user_created")
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("without_the_index")
def test_an_index_that_was_dropped_is_missed(sample: Sample) -> None:
    named = [query for query in all_queries() if query.name == "ledger"]
    assert [each.unserved for each in explain(named, sample, analyze=False)] == [{"usage_logs"}]
    assert {index.name for index in own_indexes() if not index.is_rule} != indexes_named(PAGE)


def test_an_index_of_no_use_is_missed_on_the_page_and_is_a_duplicate(sample: Sample) -> None:
    with transaction.atomic():
        as_owner("CREATE INDEX planted ON usage_logs (user_id)")
        own = own_indexes()
        transaction.set_rollback(True)
    assert "planted" not in indexes_named(PAGE)
    assert [(useless.name, other.name) for useless, other in duplicates(own)] == [
        ("planted", "usage_logs_user_created")
    ]


def test_a_statement_that_was_changed_has_another_fingerprint(sample: Sample) -> None:
    plain, changed = (UsageLog.objects.filter(user_id=sample.user_id), UsageLog.objects.filter(model="x"))
    marks = [
        each.statement.fingerprint
        for rows in (plain, plain[:5], plain[:9], changed)
        for each in explain([one(Sort.UPKEEP, rows)], sample, analyze=False)
    ]
    assert len(set(marks[:3])) == 1, "the size of a page is not part of it"
    assert len(set(marks)) == 2
    assert not {("planted", mark) for mark in marks} & fingerprints(PAGE)


def test_explaining_changes_nothing(sample: Sample) -> None:
    def counts() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT (SELECT count(*) FROM audit_seals), (SELECT count(*) FROM generations)")
            return list(cursor.fetchone())

    before = counts()
    writers = [query for query in all_queries() if query.name in ("trail: seal the oldest", "who is next in a lane")]
    assert len(list(explain(writers, sample))) >= 3
    assert counts() == before
