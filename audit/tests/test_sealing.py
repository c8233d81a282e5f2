"""Seals: each entry under one of them, chained, whatever comes late, at once or in between."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from audit import sealing
from audit.entries import COVERED, NOT_COVERED, entries_by_id
from audit.merkle import leaf_hash, root_of
from audit.models import AuditLog, AuditSeal
from audit.sealing import NOTHING_BEFORE, hash_of, seal_next, unpacked
from audit.services import record
from audit.tests.trail import owner, run, seal_all, verify, write, written_at
from tests.owner import as_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 3)


def test_every_settled_entry_is_put_under_a_seal_in_the_order_of_the_trail() -> None:
    entries = write(5)
    assert (seal_next().number, seal_next().number) == (1, None)

    seal = AuditSeal.objects.get()
    leaves = unpacked(bytes(seal.leaves or b""))
    assert [id for id, _ in leaves] == [entry.id for entry in entries]
    assert bytes(seal.root) == root_of([leaf for _, leaf in leaves])
    assert (seal.count, bytes(seal.previous)) == (5, NOTHING_BEFORE)
    assert set(AuditLog.objects.values_list("seal_number", flat=True)) == {1}


def test_seals_are_chained(small_seals: None) -> None:
    write(8)
    assert [(done.number, done.count) for done in seal_all()] == [(1, 3), (2, 3), (3, 2)]
    first, second, third = AuditSeal.objects.order_by("number")
    assert (bytes(second.previous), bytes(third.previous)) == (hash_of(first), hash_of(second))
    assert len({seal.trail for seal in (first, second, third)}) == 1


def test_a_young_entry_waits_for_the_next_seal(settings: Settings) -> None:
    record(action="quota.set")
    assert seal_next().number is None
    assert not AuditSeal.objects.exists()
    settings.AUDIT_SETTLE_SECONDS = 1e-6
    assert seal_next().count == 1


def test_an_entry_of_the_future_waits_until_then() -> None:
    written_at(timezone.now() + timedelta(hours=2))
    assert seal_next().number is None
    assert verify()[0] == 0


def test_a_late_entry_is_taken_by_the_next_seal() -> None:
    write(2, minutes_ago=10)
    seal_next()
    late = written_at(timezone.now() - timedelta(minutes=20))
    assert seal_next() == sealing.Sealed(2, 1)
    late.refresh_from_db()
    assert late.seal_number == 2
    assert verify()[0] == 0


def test_nothing_is_sealed_in_an_empty_trail() -> None:
    assert seal_next() == sealing.Sealed()
    status, said = run("seal_audit")
    assert (status, "Nothing to seal" in said) == (0, True)
    status, said = verify()
    assert (status, "Nothing is sealed yet" in said) == (0, True)


def test_the_seal_covers_every_column_but_the_encrypted_ip_and_its_own_mark() -> None:
    columns = {field.attname for field in AuditLog._meta.get_fields() if hasattr(field, "attname")}
    assert columns == COVERED | NOT_COVERED
    [entry] = write(1)
    before = entries_by_id([entry.id])[entry.id]
    assert before.leaf == leaf_hash(before.content)
    changes = {
        "created_at": "created_at + interval '1 microsecond'",
        "data": "data || '{\"x\": 1.0}'",
        "ip_digest": "sha256('x')",
        "action": "'quota.granted'",
        "actor_label": "'Staff'",
        "request_id": "'r'",
        "target_type": "'users'",
    }
    for column in COVERED - {"id"}:
        with transaction.atomic():
            owner().execute(f"UPDATE audit_logs SET {column} = {changes.get(column, 'gen_random_uuid()')}")
            assert entries_by_id([entry.id])[entry.id].leaf != before.leaf, column
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 0.1}', '{"a": 0.1000000000000000055}'),
        ('{"a": 1}', '{"a": 1.0}'),
        ('{"a": 1}', '{"a": "1"}'),
        ('{"a": 1.5}', '"{\\"a\\": 1.5}"'),
        ('{"a": true}', '{"a": 1}'),
        ('{"a": null}', "{}"),
        ("[1e4999]", "[1e4998]"),
    ],
)
def test_two_different_data_have_two_hashes(one: str, other: str) -> None:
    [entry] = write(1)
    leaves = set()
    for data in (one, other):
        with owner() as cursor:
            cursor.execute("UPDATE audit_logs SET data = %s::jsonb", [data])
        leaves.add(entries_by_id([entry.id])[entry.id].leaf)
    assert len(leaves) == 2


def test_the_merkle_tree_is_that_of_rfc_6962() -> None:
    def expected(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        cut = 1 << (len(leaves) - 1).bit_length() - 1
        return leaf_like_node(expected(leaves[:cut]) + expected(leaves[cut:]))

    def leaf_like_node(pair: bytes) -> bytes:
        from hashlib import sha256

        return sha256(b"\x01" + pair).digest()

    for size in range(1, 40):
        leaves = [leaf_hash(bytes([n])) for n in range(size)]
        assert root_of(leaves) == expected(leaves)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_logs SET seal_number = 2",
        "UPDATE audit_logs SET seal_number = NULL",
        "DELETE FROM audit_logs",
        "UPDATE audit_seals SET root = sha256('x')",
        "UPDATE audit_seals SET leaves = NULL, purged_at = now()",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
        "TRUNCATE audit_exports",
    ],
)
def test_the_database_refuses_to_change_or_remove_a_seal(statement: str) -> None:
    write(2)
    seal_next()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        as_owner(statement)
    assert verify()[0] == 0


def test_the_number_of_a_seal_is_written_together_with_nothing_else() -> None:
    write(1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        as_owner("UPDATE audit_logs SET seal_number = 1, actor_label = 'x'")
    assert AuditLog.objects.get().seal_number is None


def in_thread(work: Any) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_two_sealers_at_once_seal_each_entry_once(committed: None, small_seals: None) -> None:
    write(30)
    start, done = threading.Barrier(4), list[Any]()

    def seal() -> None:
        start.wait()
        for _ in range(40):
            done.append(seal_next())

    for thread in [in_thread(seal) for _ in range(4)]:
        thread.join(60)
    assert sorted(each.number for each in done if each.number) == list(range(1, 11))
    assert verify()[0] == 0
    assert not AuditLog.objects.waiting().exists()


def test_a_sealer_that_comes_second_is_told_so_and_does_nothing(committed: None) -> None:
    write(3)
    with transaction.atomic():
        assert sealing._seal_next().number == 1
        second = list[Any]()
        in_thread(lambda: second.append(seal_next())).join(30)
    assert second == [sealing.Sealed(is_busy=True)]
    assert AuditSeal.objects.count() == 1


def test_the_sealer_waits_for_no_erasure(committed: None) -> None:
    [entry, _] = write(2)
    with transaction.atomic():
        AuditLog.objects.filter(id=entry.id).select_for_update().get()
        said = list[Any]()
        in_thread(lambda: said.append(seal_next())).join(30)
    assert said == [sealing.Sealed(is_busy=True)]
    assert seal_next().count == 2


def test_an_entry_that_is_committed_late_is_neither_lost_nor_waited_for(committed: None, settings: Settings) -> None:
    settings.AUDIT_SETTLE_SECONDS = 1e-6
    written, sealed = threading.Event(), threading.Event()

    def commit_late() -> None:
        with transaction.atomic():
            record(action="quota.set", actor_label="late")
            written.set()
            assert sealed.wait(30)

    slow = in_thread(commit_late)
    assert written.wait(30)
    write(2, minutes_ago=0.1)
    assert seal_next().count == 2
    sealed.set()
    slow.join(30)
    assert AuditLog.objects.get(actor_label="late").seal_number is None
    assert seal_next() == sealing.Sealed(2, 1)
    assert verify()[0] == 0
