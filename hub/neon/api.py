"""A client of Neon's API, version 2: branches, snapshots, what they are called in SQL, and what they cost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
from django.conf import settings

from hub.neon.errors import OperationFailed

TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
# Answers after which Neon says that the same request may be sent again: locked by another operation, too many, away.
AGAIN = (423, 429, 503)
LONGEST_PAUSE = 20.0
# How long a request is tried again, and how long an operation is waited for.
PATIENCE_SECONDS = 180.0
PAGE = 100
ENDED_WELL = ("finished", "skipped")
ENDED_BADLY = ("failed", "error", "cancelled")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
Json = Mapping[str, Any]


class NeonRefused(OperationFailed):
    """Neon answered, and not with what was asked for; `status` is the answer's."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch; without `expires_at` it stays."""

    id: str
    name: str
    parent_id: str
    is_default: bool
    is_protected: bool
    created_at: datetime
    expires_at: datetime | None
    bytes: int
    state: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot."""

    id: str
    name: str
    branch_id: str
    lsn: str
    created_at: datetime
    expires_at: datetime | None
    bytes: int


def configured_api() -> NeonApi:
    """For NEON_PROJECT_ID; raises OperationFailed when it or NEON_API_KEY is not set."""
    given: dict[str, str | None] = {name: getattr(settings, name) for name in ("NEON_API_KEY", "NEON_PROJECT_ID")}
    key, project = given.values()
    if not key or not project:
        missing = [name for name, value in given.items() if not value]
        raise OperationFailed(f"{' and '.join(missing)} not set: Neon's API needs a key of the project and its id.")
    return NeonApi(key=key, project=project, url=settings.NEON_API_URL)


class NeonApi:
    """One project. What changes something returns when Neon has done it. Every failure is an OperationFailed."""

    def __init__(self, *, key: str, project: str, url: str, patience: float = PATIENCE_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise OperationFailed("NEON_API_URL must be an https:// address: the key of the API goes there.")
        self._project, self._patience = f"/projects/{project}", patience
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def branches(self) -> list[Branch]:
        """All of them, the oldest first."""
        query: dict[str, Any] = {"limit": PAGE, "sort_by": "created_at", "sort_order": "asc"}
        pages = self._pages(f"{self._project}/branches", query, cursor="next")
        return [_branch(each) for page in pages for each in page["branches"]]

    def create_branch(self, *, name: str, parent_id: str | None, expires_at: datetime, schema_only: bool) -> Branch:
        """With a compute of its own, so that it can be connected to."""
        branch: dict[str, Any] = {"name": name, "expires_at": _moment(expires_at)}
        if parent_id:
            branch["parent_id"] = parent_id
        if schema_only:
            branch["init_source"] = "schema-only"
        body = {"branch": branch, "endpoints": [{"type": "read_write"}]}
        return _branch(self._change("POST", f"{self._project}/branches", json=body)["branch"])

    def delete_branch(self, branch_id: str) -> None:
        """With its data."""
        self._change("DELETE", f"{self._project}/branches/{branch_id}")

    def let_expire(self, branch_id: str, expires_at: datetime) -> None:
        """Gives a branch an end."""
        body = {"branch": {"expires_at": _moment(expires_at)}}
        self._change("PATCH", f"{self._project}/branches/{branch_id}", json=body)

    def branch_at(self, host: str) -> str | None:
        """The id of the branch whose compute answers at `host` (direct); None when none of the project does."""
        found = self._call("GET", f"{self._project}/endpoints")["endpoints"]
        return next((str(each["branch_id"]) for each in found if each["host"] == host), None)

    def add_compute(self, branch_id: str) -> None:
        """Unless the branch has one."""
        found = self._call("GET", f"{self._project}/endpoints")["endpoints"]
        if not any(each["branch_id"] == branch_id and each["type"] == "read_write" for each in found):
            body = {"endpoint": {"branch_id": branch_id, "type": "read_write"}}
            self._change("POST", f"{self._project}/endpoints", json=body)

    def address(self, branch_id: str, *, database: str, role: str) -> str:
        """The URL of a database on the branch, direct, with the role's password."""
        query = {"branch_id": branch_id, "database_name": database, "role_name": role, "pooled": "false"}
        return str(self._call("GET", f"{self._project}/connection_uri", params=query)["uri"])

    def schema_difference(self, branch_id: str, *, base_id: str | None, database: str) -> str:
        """A unified diff of the schemas, from the base (the parent) to the branch; "" when they are the same."""
        query = {"db_name": database, **({"base_branch_id": base_id} if base_id else {})}
        return str(
            self._call("GET", f"{self._project}/branches/{branch_id}/compare_schema", params=query).get("diff", "")
        )

    def snapshots(self) -> list[Snapshot]:
        """All of the project."""
        return [_snapshot(each) for each in self._call("GET", f"{self._project}/snapshots")["snapshots"]]

    def create_snapshot(self, branch_id: str, *, name: str, expires_at: datetime) -> Snapshot:
        """Of the branch as it is now."""
        query = {"name": name, "expires_at": _moment(expires_at)}
        return _snapshot(
            self._change("POST", f"{self._project}/branches/{branch_id}/snapshot", params=query)["snapshot"]
        )

    def delete_snapshot(self, snapshot_id: str) -> None:
        """At once."""
        self._change("DELETE", f"{self._project}/snapshots/{snapshot_id}")

    def restore_snapshot(self, snapshot_id: str, *, name: str) -> Branch:
        """Into a new branch beside the others, which serves nobody."""
        body = {"name": name, "finalize_restore": False}
        return _branch(self._change("POST", f"{self._project}/snapshots/{snapshot_id}/restore", json=body)["branch"])

    def consumption(self, *, org: str, since: datetime, until: datetime, metrics: Sequence[str]) -> Iterator[Json]:
        """Of every project of the organisation, `{project_id, periods}`, by day. Wakes no compute."""
        query: dict[str, Any] = {"org_id": org, "from": _moment(since), "to": _moment(until), "limit": PAGE}
        query |= {"granularity": "daily", "metrics": ",".join(metrics)}
        for page in self._pages("/consumption_history/v2/projects", query, cursor="cursor"):
            yield from page["projects"]

    def _pages(self, path: str, query: dict[str, Any], *, cursor: str) -> Iterator[Json]:
        """Until a page names no cursor, or the one that was asked for."""
        while True:
            page = self._call("GET", path, params=query)
            yield page
            following = (page.get("pagination") or {}).get(cursor)
            if not following or following == query.get("cursor"):
                return
            query = {**query, "cursor": following}

    def _change(self, method: str, path: str, **parts: Any) -> Json:
        """Returns when the operations that the answer names have ended."""
        answer = self._call(method, path, **parts)
        for operation in answer.get("operations") or ():
            self._wait_for(operation)
        return answer

    def _wait_for(self, operation: Json) -> None:
        deadline = time.monotonic() + self._patience
        pause = 0.25
        while operation["status"] not in ENDED_WELL:
            if operation["status"] in ENDED_BADLY:
                reason = operation.get("error") or operation["status"]
                raise OperationFailed(f"Neon could not carry out {operation['action']}: {reason}.")
            if time.monotonic() > deadline:
                raise OperationFailed(
                    f"Neon still works on {operation['action']} ({operation['id']}): look again later."
                )
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
            operation = self._call("GET", f"{self._project}/operations/{operation['id']}")["operation"]

    def _call(self, method: str, path: str, **parts: Any) -> Json:
        deadline, attempt = time.monotonic() + self._patience, 0
        while True:
            answer = self._sent(method, path, parts)
            pause = _pause(answer, attempt)
            if answer.status_code not in AGAIN or time.monotonic() + pause > deadline:
                return _content(answer, f"{method} {path}")
            time.sleep(pause)
            attempt += 1

    def _sent(self, method: str, path: str, parts: Mapping[str, Any]) -> httpx2.Response:
        try:
            return self._http.request(method, path, **parts)
        except httpx2.HTTPError as error:
            doubt = "" if method == "GET" else " Whether it was done is not known: look before you try again."
            raise OperationFailed(
                f"Neon's API does not answer {method} {path}: {type(error).__name__}.{doubt}"
            ) from error


def _pause(answer: httpx2.Response, attempt: int) -> float:
    """What the answer asks for, which is never shortened, else a doubling pause with jitter."""
    asked: str = answer.headers.get("retry-after", "")
    if asked.isascii() and asked.isdigit():
        return float(asked)
    return random.uniform(0.5, 1.0) * min(LONGEST_PAUSE, 0.25 * 2.0 ** min(attempt, 10))


def _content(answer: httpx2.Response, what: str) -> Json:
    if answer.status_code == 204:
        return {}
    try:
        content = answer.json()
    except ValueError:
        content = None
    if answer.is_success and isinstance(content, dict):
        return content
    said = content.get("message") if isinstance(content, dict) else None
    raise NeonRefused(
        f"Neon refused {what}: {answer.status_code} {said or answer.reason_phrase}".rstrip("."), answer.status_code
    )


def _branch(found: Json) -> Branch:
    return Branch(
        id=found["id"],
        name=found["name"],
        parent_id=found.get("parent_id") or "",
        is_default=bool(found.get("default") or found.get("primary")),
        is_protected=bool(found.get("protected")),
        created_at=datetime.fromisoformat(found["created_at"]),
        expires_at=_read(found.get("expires_at")),
        bytes=int(found.get("logical_size") or 0),
        state=found.get("current_state", ""),
    )


def _snapshot(found: Json) -> Snapshot:
    return Snapshot(
        id=found["id"],
        name=found["name"],
        branch_id=found.get("source_branch_id") or "",
        lsn=found.get("lsn") or "",
        created_at=datetime.fromisoformat(found["created_at"]),
        expires_at=_read(found.get("expires_at")),
        bytes=int(found.get("full_size") or 0),
    )


def _read(moment: str | None) -> datetime | None:
    return datetime.fromisoformat(moment) if moment else None


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
