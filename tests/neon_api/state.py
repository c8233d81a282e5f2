"""What the stand-in for Neon's API knows: the project's branches, computes, snapshots and operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

KEY, PROJECT, ORG = "napi_key", "quiet-sea-1", "org-quiet"
Answer = tuple[int, dict[str, Any]]


@dataclass
class Interruption:
    """An answer given instead of the next one, whatever was asked for."""

    status: int
    retry_after: str = ""
    body: str = '{"code": "", "message": "not now"}'


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]


@dataclass
class StandIn:
    """The project's state. `most` is how many a page may have; `polls` how often an operation says that it runs."""

    url: str = ""
    most: int = 100
    polls: int = 1
    branches: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    consumption: list[dict[str, Any]] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    failing: str = ""
    address: str = "postgresql://neondb_owner:secret@nowhere.invalid/hub"
    difference: str = ""
    most_snapshots: int = 10
    on_restore: Callable[[], None] = lambda: None
    _numbers: int = 0

    def branch(self, name: str, *, age: timedelta = timedelta(0), **facts: Any) -> dict[str, Any]:
        """Puts one there without asking the API."""
        made = datetime.now(UTC) - age
        found = {
            "id": self.new_id("br"),
            "project_id": PROJECT,
            "name": name,
            "default": False,
            "protected": False,
            "current_state": "ready",
            "logical_size": 41_000_000,
            "created_at": stamp(made),
            "updated_at": stamp(made),
            **facts,
        }
        self.branches[found["id"]] = found
        return found

    def new_id(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers:04}"

    def started(self, action: str, branch_id: str) -> list[dict[str, Any]]:
        """One operation, which runs for `polls` looks."""
        status = "running" if self.polls else "finished"
        operation = {"id": self.new_id("op"), "action": action, "branch_id": branch_id, "status": status}
        self.operations[operation["id"]] = {**operation, "left": self.polls}
        return [operation]

    def is_locked(self) -> bool:
        return any(each["status"] == "running" for each in self.operations.values())

    def names(self) -> list[str]:
        return [each["name"] for each in self.branches.values()]


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def refused(status: int, message: str) -> Answer:
    return status, {"request_id": "r-1", "code": "", "message": message}
