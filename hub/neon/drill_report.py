"""docs/DRILLS.md: what each drill checked, how long it took, and what came of it; only ever added to."""

from __future__ import annotations

import fcntl
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.env import BASE_DIR
from hub.neon.backups.places import disk_errors_explained
from hub.neon.drill import Drill

PATH = BASE_DIR / "docs" / "DRILLS.md"
# A quarter, and some days to find the time.
MOST_AGE = timedelta(days=95)
PASSED = re.compile(r"^## (\d{4}-\d{2}-\d{2} \d{2}:\d{2}) UTC: passed$", re.MULTILINE)
HEAD = """# Drills: backups that were restored

<!-- Written by `manage.py restore_drill`, the newest at the end. -->

A backup counts when it was restored. Each section is one drill: the newest backup restored beside the database,
compared with what it was taken of, looked at with the commands that look after a disaster, and dropped again. How to,
and how to restore in earnest: [BACKUPS.md](BACKUPS.md).
"""


def append_report(done: Drill, path: Path) -> None:
    """Raises OperationFailed when it cannot be written."""
    with disk_errors_explained(path.parent), path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(("" if file.tell() else HEAD) + "\n" + section(done))


def section(done: Drill) -> str:
    """Markdown, with nothing of the database's address in it."""
    record = done.record
    size = f"{record.bytes:,} bytes" if record.bytes else "kept by Neon"
    taken_at = record.taken_at.astimezone(UTC)
    lines = [
        f"## {done.started_at:%Y-%m-%d %H:%M} UTC: {'FAILED' if done.failure else 'passed'}",
        "",
        f"Backup `{record.id}`: {record.kind}, {size}, taken {taken_at:%Y-%m-%d %H:%M:%S} UTC at LSN {record.lsn}.",
        "",
        "| what was done | result | seconds |",
        "|---|---|---|",
        *(f"| {_cell(step.name)} | {_cell(step.result)} | {step.seconds:.1f} |" for step in done.steps),
        f"| in all | {'it failed' if done.failure else 'it can be restored'} | {_seconds(done):.1f} |",
    ]
    return "\n".join(lines) + "\n"


def newest_drill(path: Path = PATH) -> datetime | None:
    """When the last drill that passed began; None when none has."""
    if not path.exists():
        return None
    found = PASSED.findall(path.read_text(encoding="utf-8"))
    return max((datetime.strptime(each, "%Y-%m-%d %H:%M").replace(tzinfo=UTC) for each in found), default=None)


def is_overdue(path: Path = PATH) -> bool:
    """Whether no drill has passed for 95 days."""
    newest = newest_drill(path)
    return newest is None or datetime.now(UTC) - newest > MOST_AGE


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _seconds(done: Drill) -> float:
    return sum(step.seconds for step in done.steps)
