"""What each key of the rings is still needed for: a key may go when that is nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.common.indexing import indexed_models, lasting_indexes_of
from hub.common.keyring import ENCRYPTION, INDEX, key_ring
from hub.common.reindexing import EMPTY, UNKNOWN, IndexedTable, indexed_tables, target_kids
from hub.common.sealed_columns import UNREADABLE, Found, sealed_tables
from users.privacy import erasure_log

ERASURE_LOG = "the erasure log"


@dataclass(frozen=True, slots=True)
class Uses:
    """Of one ring: `writers` are the keys that write, `uses` how many {where: values} of each key, `problems` what is
    not as it should be, `notes` what cannot be counted.
    """

    ring: str
    writers: tuple[str, ...]
    uses: Mapping[str, Mapping[str, int]]
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def kids(self) -> list[str]:
        """Those of the ring in its order, then those that are missing in it."""
        inside = [key.kid for key in key_ring(self.ring).keys]
        return [*inside, *sorted(set(self.uses) - set(inside))]

    def may_go(self, kid: str) -> bool:
        """Whether nothing that could be counted needs it."""
        return kid not in self.writers and not self.uses.get(kid)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.ring}:"
        for kid in self.kids:
            uses = ", ".join(f"{values:,} in {where}" for where, values in sorted(self.uses.get(kid, {}).items()))
            role = ", writes" if kid in self.writers else ""
            yield f"  {kid}{role}: " + ("nothing needs it: it may go" if self.may_go(kid) else uses or "no value yet")
        yield from (f"  {note}" for note in self.notes)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        keys = [
            {
                "kid": kid,
                "writes": kid in self.writers,
                "may_go": self.may_go(kid),
                "uses": dict(self.uses.get(kid, {})),
            }
            for kid in self.kids
        ]
        return {"keys": keys, "problems": list(self.problems), "notes": list(self.notes)}


def key_uses() -> dict[str, Uses]:
    """Of both rings, by their names; opens what has an index. Raises ErasureLogBroken, ServiceUnavailable."""
    return {ENCRYPTION: _of_encryption(), INDEX: _of_index()}


def _of_encryption() -> Uses:
    found = [each for table in sealed_tables() for each in table.counts()]
    known, first = {key.kid for key in key_ring(ENCRYPTION).keys}, key_ring(ENCRYPTION).first.kid
    problems = [_sealed_problem(each, known) for each in found if each.kid != first]
    note = "besides: live text in Redis, gone within the hour, and backups, which need the keys of their time"
    return Uses(ENCRYPTION, (first,), _by_key(found, {UNREADABLE}), problems, [note])


def _sealed_problem(found: Found, known: set[str]) -> str:
    where = f"{found.values:,} values of {found.table}.{found.column}"
    if found.kid == UNREADABLE:
        return f"{where} are not sealed in a format that this release reads"
    if found.kid not in known:
        return f"{where} need the key {found.kid!r}, which is not in {ENCRYPTION}"
    return f"{where} are sealed with {found.kid!r}"


def _of_index() -> Uses:
    tables = indexed_tables()
    found = [(table, each) for table in tables for each in table.counts()]
    hashes = [each for table, each in found if each.column in table.columns.names]
    uses = _by_key(hashes, {EMPTY, UNKNOWN})
    problems = [problem for pair in found if (problem := _index_problem(*pair))]
    for kid, entries in sorted(Counter(entry.kid for entry in erasure_log.entries()).items()):
        uses.setdefault(kid, {})[ERASURE_LOG] = entries
        if kid not in {key.kid for key in key_ring(INDEX).keys}:
            problems.append(f"{entries:,} entries of {ERASURE_LOG} need the key {kid!r}, which is not in {INDEX}")
    lasting = [
        f"never rewritten: {model._meta.db_table}.{column} ({reason})"
        for model in indexed_models()
        for column, reason in lasting_indexes_of(model).items()
    ]
    short = "besides: digests of idempotent requests and quotes, until those have expired"
    return Uses(INDEX, target_kids(), uses, problems, [*lasting, short])


def _index_problem(table: IndexedTable, found: Found) -> str:
    where = f"{found.values:,} values of {found.table}.{found.column}"
    if found.column not in table.columns.names:
        return f"{where} do not open with the key {found.kid or '?'!r} that they name"
    wanted = target_kids()[table.columns.names.index(found.column)]
    return "" if found.kid == wanted else f"{where} are hashed with {found.kid!r}, not with {wanted!r}"


def _by_key(found: Sequence[Found], nobody: set[str]) -> dict[str, dict[str, int]]:
    uses: dict[str, dict[str, int]] = {}
    for each in found:
        if each.kid not in nobody:
            uses.setdefault(each.kid, {})[f"{each.table}.{each.column}"] = each.values
    return uses
