"""docs/SCHEMA_CHANGELOG.md: what each migration is for, out of its docstring.

The day of an entry is the day on which it was first written there; what the page says of days stays as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from inspect import cleandoc
from itertools import groupby
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from hub.common.errors import HubError

HEAD = """# Schema changes

Every migration of the hub's own apps, from its docstring: `make schema` writes this page, a test compares it. The day
is the one on which an entry came here.
"""
_PARTS = re.compile(r"(?P<what>.+?)\n+Why: (?P<why>.+?)\nData: (?P<data>.+)", re.DOTALL)
_HEADING = re.compile(r"### (\w+)\.(\w+) \((\d{4}-\d\d-\d\d)\)")
Key = tuple[str, str]


class Undocumented(HubError):
    """A migration's docstring does not say what it is for."""

    code = "migration_undocumented"
    status = 500
    title = "A migration is not documented"
    is_for_operators = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One migration in words."""

    app: str
    name: str
    what: str
    why: str
    data: str


def own_migrations() -> list[Migration]:
    """Those of the apps that lie in this repository, by app and number."""
    own = {each.label for each in apps.get_app_configs() if _lies_here(Path(each.path))}
    disk = MigrationLoader(None).disk_migrations
    return [migration for (app, _), migration in sorted(disk.items()) if app in own]


def _lies_here(path: Path) -> bool:
    return path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts


def entry_of(migration: Migration) -> Entry:
    """Raises Undocumented, with the migration, for a docstring without a sentence, `Why:` and `Data:`."""
    text = cleandoc(sys.modules[type(migration).__module__].__doc__ or "")
    found = _PARTS.fullmatch(text)
    if found is None or not all(part.strip() for part in found.groups()):
        raise Undocumented(
            f"{migration}: its docstring must be what it does, an empty line, `Why: ...` and then `Data: ...`."
        )
    what, why, data = (" ".join(part.split()) for part in found.groups())
    return Entry(migration.app_label, migration.name, what, why, data)


def days_of(page: str) -> dict[Key, date]:
    """The day of each entry that the page has."""
    return {(app, name): date.fromisoformat(day) for app, name, day in _HEADING.findall(page)}


def markdown(entries: Iterable[Entry], *, days: Mapping[Key, date], today: date) -> str:
    """The page; entries come by app. What has no day yet is of today."""
    parts = [HEAD]
    for app, of_app in groupby(entries, key=lambda entry: entry.app):
        parts.append(f"## {app}\n")
        parts += (_section(entry, days.get((entry.app, entry.name), today)) for entry in of_app)
    return "\n".join(parts)


def _section(entry: Entry, day: date) -> str:
    return "\n".join(_lines(entry, day)) + "\n"


def _lines(entry: Entry, day: date) -> Iterator[str]:
    yield f"### {entry.app}.{entry.name} ({day.isoformat()})\n"
    yield f"{entry.what}\n"
    yield f"- Why: {entry.why}"
    yield f"- Data: {entry.data}"
