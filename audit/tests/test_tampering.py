"""Whoever owns the database can change everything in it; nothing of that stays unnoticed, and it is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from audit import scanning, sealing, seals
from audit.entries import entries_by_id
from audit.merkle import root_of
from audit.models import AuditLog, AuditSeal
from audit.sealing import hash_of, packed, unpacked
from audit.tests.trail import owner, run, seal_all, verify, write, written_at

pytestmark = pytest.mark.django_db

Entries = list[AuditLog]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 4)
    monkeypatch.setattr(scanning, "PAGE", 3)
    monkeypatch.setattr(seals, "PAGE", 2)


@pytest.fixture
def entries() -> Entries:
    """Ten, under seals of 4, 4 and 2."""
    made = write(10, minutes_ago=30)
    assert len(seal_all()) == 3
    assert verify()[0] == 0
    return made


def execute(statement: str, *values: Any) -> None:
    with owner() as cursor:
        cursor.execute(statement, values or None)


def findings(*options: str) -> list[str]:
    status, said = verify(*options)
    found = [line for line in said.splitlines() if ": " in line and line.split(":")[0].replace("_", "").isalpha()]
    found = [line for line in found if line.split(":")[0].islower()]
    assert status == (1 if found else 0), said
    return found


def test_one_changed_byte_is_found_and_named(entries: Entries) -> None:
    execute("UPDATE audit_logs SET data = jsonb_set(data, '{step}', '77') WHERE id = %s", entries[5].id)
    [found] = findings()
    assert found.startswith("changed: ")
    assert str(entries[5].id) in found
    assert "place 2 of seal 2" in found


def test_a_removed_row_is_found_and_named(entries: Entries) -> None:
    execute("DELETE FROM audit_logs WHERE id = %s", entries[3].id)
    assert findings() == [f"removed: entry {entries[3].id}, place 4 of seal 1: removed"]


@pytest.mark.parametrize("column", ["data", "actor_label", "created_at", "target_id"])
def test_two_swapped_rows_are_found_and_named(entries: Entries, column: str) -> None:
    one, other = entries[1], entries[6]
    execute("UPDATE audit_logs SET actor_label = 'another' WHERE id = %s", one.id)
    # A difference to swap, under fresh seals.
    execute("UPDATE audit_logs SET seal_number = NULL; TRUNCATE audit_seals")
    seal_all()
    assert findings() == []
    execute(
        f"UPDATE audit_logs a SET {column} = b.{column} FROM audit_logs b "
        "WHERE (a.id = %s AND b.id = %s) OR (a.id = %s AND b.id = %s)",
        *(one.id, other.id, other.id, one.id),
    )
    found = findings()
    assert len(found) == 2
    assert any(str(one.id) in line for line in found)
    assert any(str(other.id) in line for line in found)
    assert all(line.startswith("changed: ") for line in found)


def test_two_rows_that_swapped_their_ids_are_found(entries: Entries) -> None:
    one, other, spare = entries[1].id, entries[2].id, "00000000-0000-7000-8000-000000000000"
    for new, old in ((spare, one), (one, other), (other, spare)):
        execute("UPDATE audit_logs SET id = %s WHERE id = %s", new, old)
    found = findings()
    assert {str(one) in line or str(other) in line for line in found} == {True}
    assert len(found) == 2


def test_a_cut_tail_is_found_and_named(entries: Entries) -> None:
    execute("DELETE FROM audit_logs WHERE seal_number = 3")
    assert findings() == [
        f"removed: entry {entry.id}, place {place} of seal 3: removed"
        for place, entry in enumerate(entries[8:], start=1)
    ]


def test_a_tail_that_was_cut_with_its_seal_shows_against_a_checkpoint(entries: Entries, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    assert run("export_audit", str(kept))[0] == 0
    assert run("verify_audit", "--against", str(kept))[0] == 0
    execute("DELETE FROM audit_logs WHERE seal_number = 3; DELETE FROM audit_seals WHERE number = 3")

    [found] = findings("--against", str(kept))[:1]
    assert found.startswith("tail_cut: seal 3 of ")
    # The database remembers its exports; one who takes those away as well is found by the file alone.
    assert [line.split(":")[0] for line in findings()] == ["tail_cut"]
    execute("DELETE FROM audit_exports; DELETE FROM audit_logs WHERE action = 'audit.exported'")
    assert findings() == []
    assert len(findings("--against", str(kept))) == 1


def test_a_trail_that_was_sealed_anew_shows_against_a_checkpoint(entries: Entries, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    assert run("export_audit", str(kept))[0] == 0
    trail = AuditSeal.objects.order_by("number").values_list("trail", flat=True)[0]
    execute("UPDATE audit_logs SET data = '{}' WHERE id = %s", entries[0].id)
    execute("UPDATE audit_logs SET seal_number = NULL; TRUNCATE audit_seals, audit_exports")
    seal_all()
    assert findings() == []
    with owner() as cursor:
        cursor.execute("UPDATE audit_seals SET trail = %s", [trail])
    for seal in AuditSeal.objects.order_by("number"):
        previous = AuditSeal.objects.filter(number=seal.number - 1).first()
        seal.previous = bytes(previous.hash) if previous else bytes(32)
        execute("UPDATE audit_seals SET previous = %s, hash = %s WHERE id = %s", seal.previous, hash_of(seal), seal.id)
    assert findings() == []
    [found] = findings("--against", str(kept))
    assert found.startswith("seal_changed: seal 3 is not the one of ")


INSERT = """INSERT INTO audit_logs (id, created_at, actor_label, action, target_type, request_id, data, seal_number)
    VALUES (%s, %s, 'nobody', 'quota.set', '', '', '{}', %s)"""


@pytest.mark.parametrize("number", [2, 99])
def test_a_row_that_was_put_under_a_seal_is_found_and_named(entries: Entries, number: int) -> None:
    with owner() as cursor:
        cursor.execute(INSERT, [id := uuid4(), entries[5].created_at, number])
    [found] = findings()
    assert found.startswith({2: "inserted: ", 99: "seal_missing: "}[number])
    assert str(id) in found


def test_a_row_that_was_put_into_the_past_is_found_and_named_before_and_after_its_seal(entries: Entries) -> None:
    with owner() as cursor:
        cursor.execute(INSERT, [id := uuid4(), timezone.now() - timedelta(hours=3), None])
    for expected in ("is in no seal", "came to light for seal 4 only"):
        [found] = findings()
        assert found.startswith("backdated: ")
        assert str(id) in found
        assert expected in found
        seal_all()


def test_a_host_whose_clock_is_an_hour_slow_is_reported_and_one_that_is_a_little_slow_is_not(
    entries: Entries, settings: Settings
) -> None:
    written_at(timezone.now() - timedelta(minutes=50))
    seal_all()
    assert findings() == []
    settings.AUDIT_LATE_SECONDS = 60
    assert [line.split(":")[0] for line in findings()] == ["backdated"]


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "10000-01-01", "0044-03-15 BC"])
def test_a_moment_that_no_clock_shows_is_named_and_does_not_end_the_check(entries: Entries, moment: str) -> None:
    execute("UPDATE audit_logs SET created_at = %s WHERE id = %s", moment, entries[5].id)
    execute("DELETE FROM audit_logs WHERE id = %s", entries[8].id)
    found = findings()
    assert len(found) == 2
    assert any(line.startswith("changed: ") and str(entries[5].id) in line for line in found)
    assert any(line.startswith("removed: ") and str(entries[8].id) in line for line in found)


def test_data_that_python_cannot_hold_is_named(entries: Entries) -> None:
    execute("UPDATE audit_logs SET data = repeat('9', 6000)::jsonb WHERE id = %s", entries[5].id)
    [found] = findings()
    assert found.startswith("changed: ")


def test_a_mark_that_says_another_seal_or_none_is_named(entries: Entries) -> None:
    execute("UPDATE audit_logs SET seal_number = 1 WHERE id = %s", entries[5].id)
    execute("UPDATE audit_logs SET seal_number = NULL WHERE id = %s", entries[6].id)
    assert [line.split(":")[0] for line in findings()] == ["mark_changed", "mark_changed"]


def remove_seal(number: int) -> None:
    execute("DELETE FROM audit_seals WHERE number = %s", number)


def cut_leaves() -> None:
    execute("UPDATE audit_seals SET leaves = substr(leaves, 1, 48) WHERE number = 2")


def swap_leaves() -> None:
    leaves = unpacked(bytes(AuditSeal.objects.get(number=2).leaves or b""))
    execute("UPDATE audit_seals SET leaves = %s WHERE number = 2", packed(reversed(leaves)))


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (lambda: remove_seal(2), "seal_missing: seals are missing: from 2 to 2"),
        (lambda: remove_seal(1), "seal_missing: seals are missing: from 1 to 1"),
        (cut_leaves, "seal_changed: seal 2 was changed: it counts 4 and holds 1"),
        (swap_leaves, "seal_changed: seal 2 was changed: its entries' hashes do not give its root"),
        (
            lambda: execute("UPDATE audit_seals SET last_at = last_at + interval '1 second' WHERE number = 2"),
            "seal_changed: seal 2 was changed: its header does not give its hash",
        ),
        (
            lambda: execute("UPDATE audit_seals SET trail = gen_random_uuid() WHERE number = 2"),
            "chain_broken: seal 2 is of another trail than seal 1",
        ),
    ],
)
@pytest.mark.usefixtures("entries")
def test_a_changed_seal_is_found_and_named(tamper: Callable[[], None], expected: str) -> None:
    tamper()
    found = findings()
    assert expected in found


def test_a_row_that_was_changed_together_with_its_seal_breaks_the_chain(entries: Entries) -> None:
    execute("UPDATE audit_logs SET data = '{}' WHERE id = %s", entries[5].id)
    seal = AuditSeal.objects.get(number=2)
    ids = [id for id, _ in unpacked(bytes(seal.leaves or b""))]
    leaves = [entries_by_id([id])[id].leaf for id in ids]
    seal.root = root_of(leaves)
    execute(
        "UPDATE audit_seals SET leaves = %s, root = %s, hash = %s WHERE number = 2",
        *(packed(zip(ids, leaves, strict=True)), seal.root, hash_of(seal)),
    )
    assert findings() == ["chain_broken: seal 3 does not follow from seal 2: one of them was changed"]


def test_a_range_finds_what_is_in_it_and_nothing_else(entries: Entries) -> None:
    execute("UPDATE audit_logs SET data = '{}' WHERE id = ANY(%s)", [entries[1].id, entries[9].id])
    execute("DELETE FROM audit_logs WHERE id = %s", entries[8].id)
    middle, end = entries[4].created_at.isoformat(), entries[8].created_at.isoformat()
    assert findings("--from", middle, "--to", end) == []
    assert len(findings("--from", end)) == 2
    [found] = findings("--to", middle)
    assert str(entries[1].id) in found
    assert len(findings()) == 3


def test_a_trail_that_nobody_seals_is_reported(settings: Settings) -> None:
    write(3, minutes_ago=60 * 30)
    [found] = findings()
    assert found.startswith("not_sealed: 3 entries have no seal")
    seal_all()
    assert findings() == []


def test_only_so_many_findings_are_printed_and_the_rest_is_counted(entries: Entries) -> None:
    execute("UPDATE audit_logs SET data = '{}'")
    status, said = verify("--most", "2")
    assert status == 1
    assert "... and 8 more" in said
    assert "10 findings" in said
    assert said.count("changed: entry") == 2


def test_after_an_erasure_everything_still_verifies(entries: Entries) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_logs SET ip = NULL")
    assert findings() == []
    execute("UPDATE audit_logs SET ip_digest = NULL WHERE id = %s", entries[0].id)
    assert len(findings()) == 1


def test_a_new_index_key_leaves_the_digests_and_the_trail_as_they_are(entries: Entries, settings: Settings) -> None:
    before = list(AuditLog.objects.order_by("id").values_list("ip_digest", flat=True))
    settings.FIELD_INDEX_KEYS = ("new:" + "A" * 43, *settings.FIELD_INDEX_KEYS)
    settings.FIELD_ENCRYPTION_KEYS = ("new:" + "B" * 43,)
    assert findings() == []
    assert list(AuditLog.objects.order_by("id").values_list("ip_digest", flat=True)) == before


def test_entries_that_are_written_and_sealed_meanwhile_do_not_disturb_the_check(entries: Entries) -> None:
    from audit.verifying import Verification

    def meanwhile() -> None:
        write(1, minutes_ago=5)
        seal_all()

    check = Verification(tick=meanwhile)
    assert list(check.findings()) == []
    assert (check.tally.seals, check.tally.entries) == (3, 10)
