"""The dated reports: one file a day, and how old the newest of them is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from hub.neon.auditing.sections import Section

# A quarter, and some days to get round to it.
LONGEST_AGE = timedelta(days=95)


def report(sections: Iterable[Section], *, day: date, server: str) -> str:
    """The whole file."""
    found = list(sections)
    overview = "\n".join(f"| {section.title} | {section.verdict} |" for section in found)
    head = f"# Audit of the database, {day}\n\nWritten by `manage.py db_audit`. {server}.\n"
    table = f"\n| question | verdict |\n|---|---|\n{overview}\n"
    return head + table + "".join(f"\n{section.markdown()}\n" for section in found)


def path_of(folder: Path, day: date) -> Path:
    """Where that day's report lies."""
    return folder / f"{day.isoformat()}.md"


def newest(folder: Path) -> date | None:
    """The day of the newest report in `folder`; None when there is none. Other files are not looked at."""
    return max((day for path in folder.glob("*.md") if (day := _day(path.stem)) is not None), default=None)


def why_stale(folder: Path, *, today: date) -> str:
    """Why a new audit is due; "" when none is."""
    day = newest(folder)
    if day is None:
        return "There is no audit of the database on record."
    if today - day > LONGEST_AGE:
        return f"The newest audit of the database is of {day}, more than {LONGEST_AGE.days} days ago."
    return ""


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
