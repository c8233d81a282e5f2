"""`manage.py rotate_encryption`: brings what is stored to the keys of now, and says which keys may go."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.actions import Action
from audit.services import record
from hub.common.errors import HubError
from hub.common.keyring import ENCRYPTION, KeyringError, key_ring
from hub.common.reindexing import IndexedTable, indexed_tables, target_kids
from hub.common.resealing import Outcome, found_in, reseal_table
from hub.common.sealed_columns import UNREADABLE, Found, SealedTable, sealed_tables, total
from hub.key_uses import key_uses

DEFAULT_ROWS = 500
MOST_ROWS = 10_000
PROGRESS_SECONDS = 5.0
MOST_NAMED = 20


class Command(BaseCommand):
    """0: everything is under the keys of now, or a dry run has said what is not; 1: something is left, and what."""

    help = (
        "Seals every encrypted value that an older key has sealed with the first key of FIELD_ENCRYPTION_KEYS, and "
        "brings the blind indexes to FIELD_INDEX_KEYS and FIELD_INDEX_NEXT, while the hub works. In batches: stop it "
        "or kill it at any moment and run it again. Which steps come before and after it: docs/ENCRYPTION.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--dry-run, --check, --batch, --table, --json."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--dry-run", action="store_true", help="count what would be rewritten, and write nothing")
        check = "write nothing; say of each key whether it may go; 1 when something is not under the keys of now"
        what.add_argument("--check", action="store_true", help=check)
        parser.add_argument("--batch", type=int, default=DEFAULT_ROWS, metavar="N", help="rows; default: %(default)s")
        parser.add_argument("--table", metavar="T", help="this table alone")
        parser.add_argument("--json", action="store_true", help="the result as JSON; progress goes to stderr anyway")

    def handle(self, *, dry_run: bool, check: bool, batch: int, table: str | None, **options: Any) -> None:
        """Exits with 1 and one line when a key is missing; nothing was written then."""
        if not 1 <= batch <= MOST_ROWS:
            raise CommandError(f"--batch must be from 1 to {MOST_ROWS} rows.")
        if check and table:
            raise CommandError("--check looks at all tables: a key may be needed by another one.")
        try:
            if check:
                self._check(as_json=options["json"])
            else:
                self._rotate(*_chosen(table), rows=batch, is_dry=dry_run, as_json=options["json"])
        except (KeyringError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except HubError as error:
            raise CommandError(error.detail) from error

    def _rotate(
        self, sealed: list[SealedTable], indexed: list[IndexedTable], *, rows: int, is_dry: bool, as_json: bool
    ) -> None:
        found = [each for table in sealed for each in table.counts()]
        _refuse_missing(found)
        first, began = key_ring(ENCRYPTION).first.kid, time.monotonic()
        stale = sorted(each for each in found if each.kid not in (first, UNREADABLE))
        if is_dry:
            self._report(stale, [each for table in indexed for each in _behind(table)], None, as_json=as_json)
            _refuse_unreadable(found)
            return
        told = _Teller(self, total(stale).total())
        resealed, reindexed = Outcome(), Outcome()
        for table in sealed:
            resealed.add(reseal_table(table, rows=rows, progress=told))
        between = time.monotonic()
        for index in indexed:
            reindexed.add(index.rewrite(rows=rows, progress=told))
        _record(resealed, reindexed)
        done = _both(resealed, reindexed)
        values = (found_in(resealed.rewritten), found_in(reindexed.rewritten))
        self._report(*values, (done, between - began, time.monotonic() - between), as_json=as_json)
        if not done.is_whole:
            raise CommandError(_what_is_left(done))

    def _report(
        self,
        resealed: Sequence[Found],
        reindexed: Sequence[Found],
        done: tuple[Outcome, float, float] | None,
        *,
        as_json: bool,
    ) -> None:
        """`done` is what a real run did, the seconds that it sealed and those that it indexed; None for a dry one."""
        values = sum(each.values for each in [*resealed, *reindexed])
        if as_json:
            self._write_json(resealed, reindexed, done)
            return
        first, kids = key_ring(ENCRYPTION).first.kid, target_kids()
        for each in resealed:
            self.stdout.write(f"{each.table}.{each.column}: {each.values:,} sealed with {each.kid or '?'} -> {first}")
        for each in reindexed:
            self.stdout.write(f"{each.table}.{each.column}: {each.values:,} hashed with {each.kid} -> {_target(each)}")
        if not values:
            self.stdout.write(f"Nothing to do: all is sealed with {first} and hashed with {' and '.join(set(kids))}.")
        elif done is None:
            self.stdout.write(f"{values:,} values would be rewritten. Nothing was written.")
        else:
            seconds = done[1] + done[2]
            self.stdout.write(f"{values:,} values rewritten in {seconds:.1f} s, {_rate(values, seconds)}.")

    def _write_json(
        self, resealed: Sequence[Found], reindexed: Sequence[Found], done: tuple[Outcome, float, float] | None
    ) -> None:
        outcome, sealing, indexing = done or (Outcome(), 0.0, 0.0)
        facts = {
            "dry_run": done is None,
            "sealed": _rows(resealed),
            "indexed": _rows(reindexed),
            "broken": _rows(found_in(outcome.broken)),
            "conflicts": [{"table": t, "row": row, "other": other} for t, row, other in outcome.conflicts],
            "left": outcome.left,
            "seconds": {"sealing": round(sealing, 3), "indexing": round(indexing, 3)},
        }
        self.stdout.write(json.dumps(facts))

    def _check(self, *, as_json: bool) -> None:
        uses = key_uses()
        if as_json:
            self.stdout.write(json.dumps({name: each.as_json() for name, each in uses.items()}))
        else:
            for each in uses.values():
                for line in each.lines():
                    self.stdout.write(line)
        problems = [problem for each in uses.values() for problem in each.problems]
        if problems:
            raise CommandError("; ".join(problems[:MOST_NAMED]) + ".")


class _Teller:
    """Writes how far it is, every few seconds, to stderr."""

    def __init__(self, command: BaseCommand, expected: int) -> None:
        self._command, self._expected = command, expected
        self._began = self._told = time.monotonic()
        self._values: dict[str, int] = {}

    def __call__(self, table: str, values: int) -> None:
        self._values[table] = max(values, self._values.get(table, 0))
        now = time.monotonic()
        if now - self._told < PROGRESS_SECONDS:
            return
        self._told, done = now, sum(self._values.values())
        rate = _rate(done, now - self._began)
        self._command.stderr.write(f"{table}: {done:,} values so far, of about {self._expected:,} to seal; {rate}")


def _chosen(table: str | None) -> tuple[list[SealedTable], list[IndexedTable]]:
    sealed, indexed = sealed_tables(), indexed_tables()
    if table is None:
        return sealed, indexed
    names = [each.name for each in sealed]
    if table not in names:
        raise CommandError(f"{table!r} has no encrypted column; these have: {', '.join(names)}.")
    return [each for each in sealed if each.name == table], [each for each in indexed if each.name == table]


def _refuse_missing(found: Sequence[Found]) -> None:
    """Before anything is written: an operator who forgot a key learns of all of them at once."""
    known = {key.kid for key in key_ring(ENCRYPTION).keys}
    missing = [each for each in found if each.kid not in known and each.kid != UNREADABLE]
    if missing:
        where = ", ".join(f"{each.kid!r} ({each.values:,} in {each.table}.{each.column})" for each in missing)
        raise CommandError(
            f"Values are sealed with keys that are not in {ENCRYPTION}: {where}. Add them behind the first one. "
            "Nothing was written."
        )


def _refuse_unreadable(found: Sequence[Found]) -> None:
    outcome = Outcome()
    outcome.broken.update({(each.table, each.column, each.kid): each.values for each in found if not each.kid})
    if outcome.broken:
        raise CommandError(_what_is_left(outcome))


def _behind(table: IndexedTable) -> list[Found]:
    return [
        each for each in table.counts() if each.column in table.columns.names and each.kid != _target_in(table, each)
    ]


def _target_in(table: IndexedTable, found: Found) -> str:
    return target_kids()[table.columns.names.index(found.column)]


def _target(found: Found) -> str:
    [table] = [each for each in indexed_tables() if each.name == found.table and found.column in each.columns.names]
    return _target_in(table, found)


def _rows(found: Sequence[Found]) -> list[dict[str, Any]]:
    return [
        {"table": each.table, "column": each.column, "kid": each.kid or None, "values": each.values} for each in found
    ]


def _rate(values: int, seconds: float) -> str:
    return f"{values / seconds:,.0f} values/s" if seconds else "0 values/s"


def _both(resealed: Outcome, reindexed: Outcome) -> Outcome:
    whole = Outcome()
    whole.add(resealed)
    whole.add(reindexed)
    # A value that does not open is met twice where it has an index.
    whole.broken = resealed.broken | reindexed.broken
    return whole


def _record(resealed: Outcome, reindexed: Outcome) -> None:
    """Nothing was done by a run that found nothing to do."""
    sealed, indexed = resealed.rewritten.total(), reindexed.rewritten.total()
    if sealed or indexed:
        record(
            action=Action.ENCRYPTION_ROTATED,
            actor_label="operator",
            sealed=sealed,
            indexed=indexed,
            encryption_kid=key_ring(ENCRYPTION).first.kid,
            index_kids=list(target_kids()),
        )


def _what_is_left(outcome: Outcome) -> str:
    parts = [f"{outcome.left:,} rows were in use at every try: run it again"] if outcome.left else []
    parts += [
        f"{values:,} values of {table}.{column} do not open with the key {kid or '?'!r} that they name, and stay as "
        "they are: another key has its name, or they were changed"
        for (table, column, kid), values in sorted(outcome.broken.items())
    ]
    parts += [
        f"{table}: the rows {row} and {other} hold one value, which must be unique: change one of them"
        for table, row, other in outcome.conflicts[:MOST_NAMED]
    ]
    return "; ".join(parts) + "."
