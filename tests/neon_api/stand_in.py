"""A stand-in for Neon's API, version 2, over HTTP: written from its reference, with state, pages, locks and limits.

It keeps branches, computes, snapshots and operations as Neon does: whoever changes something gets operations that are
under way for some polls, and until they have ended every other change is 423. Answers that a test wants in between
(429 and the like) are queued in `interruptions`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.neon_api.state import KEY, ORG, PROJECT, Answer, Asked, StandIn, refused, stamp

LONGEST = timedelta(days=30)


def answer(state: StandIn, asked: Asked) -> Answer:
    """What Neon would say."""
    for method, pattern, give in ROUTES:
        match = re.fullmatch(pattern, asked.path)
        if match and method == asked.method:
            if method != "GET" and state.is_locked():
                return refused(
                    423, "project already has running conflicting operations, scheduling of new ones is prohibited"
                )
            return give(state, asked, *match.groups())
    return refused(404, "this route does not exist")


def list_branches(state: StandIn, asked: Asked) -> Answer:
    known = sorted(state.branches.values(), key=lambda each: (each["created_at"], each["id"]))
    if asked.query.get("sort_order", "desc") == "desc":
        known.reverse()
    page, following = paged(state, asked, known)
    return 200, {"branches": page, "annotations": {}, "pagination": {"next": following} if following else {}}


def paged(state: StandIn, asked: Asked, known: list[Any]) -> tuple[list[Any], str]:
    at = int(asked.query.get("cursor", "0"))
    end = at + min(int(asked.query.get("limit", "10")), state.most)
    return known[at:end], str(end) if end < len(known) else ""


def create_branch(state: StandIn, asked: Asked) -> Answer:
    wanted = asked.body.get("branch", {})
    if wanted.get("name") in state.names():
        return refused(409, "branch with the provided name already exists")
    parent = wanted.get("parent_id") or next(each["id"] for each in state.branches.values() if each["default"])
    if parent not in state.branches:
        return refused(404, "parent branch not found")
    if problem := wrong_end(wanted.get("expires_at")):
        return problem
    facts = {name: wanted[name] for name in ("expires_at", "init_source") if name in wanted}
    made = state.branch(wanted.get("name", "br"), parent_id=parent, **facts)
    endpoints = [endpoint(state, made["id"]) for _ in asked.body.get("endpoints", [])]
    answer = {"branch": made, "endpoints": endpoints, "operations": state.started("create_branch", made["id"])}
    return 201, answer


def wrong_end(expires_at: str | None) -> Answer | None:
    if expires_at is None:
        return None
    end = datetime.fromisoformat(expires_at)
    if end.tzinfo is None or not datetime.now(UTC) < end <= datetime.now(UTC) + LONGEST:
        return refused(400, "expires_at must be in the future and at most 30 days away")
    return None


def endpoint(state: StandIn, branch_id: str) -> dict[str, Any]:
    key = state.new_id("ep")
    made = {"id": key, "branch_id": branch_id, "host": f"{key}.eu-central-1.aws.neon.tech", "type": "read_write"}
    state.endpoints[key] = made
    return made


def delete_branch(state: StandIn, asked: Asked, branch_id: str) -> Answer:
    branch = state.branches.get(branch_id)
    if branch is None:
        return refused(404, "branch not found")
    if branch["default"] or branch["protected"]:
        return refused(422, "cannot delete a default or protected branch")
    if any(each.get("parent_id") == branch_id for each in state.branches.values()):
        return refused(422, "cannot delete a branch that has children")
    del state.branches[branch_id]
    return 200, {"branch": branch, "operations": state.started("delete_timeline", branch_id)}


def change_branch(state: StandIn, asked: Asked, branch_id: str) -> Answer:
    if problem := wrong_end(asked.body["branch"].get("expires_at")):
        return problem
    state.branches[branch_id].update(asked.body["branch"])
    return 200, {"branch": state.branches[branch_id], "operations": []}


def list_endpoints(state: StandIn, asked: Asked) -> Answer:
    return 200, {"endpoints": list(state.endpoints.values())}


def create_endpoint(state: StandIn, asked: Asked) -> Answer:
    wanted = asked.body["endpoint"]
    made = endpoint(state, wanted["branch_id"])
    return 201, {"endpoint": made, "operations": state.started("start_compute", wanted["branch_id"])}


def address(state: StandIn, asked: Asked) -> Answer:
    needed = {"database_name", "role_name"}
    return (200, {"uri": state.address}) if needed <= asked.query.keys() else refused(400, "a parameter is missing")


def compare(state: StandIn, asked: Asked, branch_id: str) -> Answer:
    if "db_name" not in asked.query:
        return refused(400, "db_name is missing")
    return 200, {"diff": state.difference}


def list_snapshots(state: StandIn, asked: Asked) -> Answer:
    return 200, {"snapshots": list(state.snapshots.values())}


def create_snapshot(state: StandIn, asked: Asked, branch_id: str) -> Answer:
    if asked.body:
        return refused(400, "a snapshot takes its parameters in the query")
    if len(state.snapshots) >= state.most_snapshots:
        return refused(422, "manual snapshots limit exceeded")
    made = {
        "id": state.new_id("snap"),
        "name": asked.query["name"],
        "source_branch_id": branch_id,
        "lsn": "0/3000000",
        "created_at": stamp(datetime.now(UTC)),
        "expires_at": asked.query.get("expires_at"),
        "manual": True,
    }
    state.snapshots[made["id"]] = made
    return 200, {"snapshot": made, "operations": state.started("create_snapshot", branch_id)}


def delete_snapshot(state: StandIn, asked: Asked, snapshot_id: str) -> Answer:
    if state.snapshots.pop(snapshot_id, None) is None:
        return refused(404, "snapshot not found")
    return 200, {"operations": []}


def restore_snapshot(state: StandIn, asked: Asked, snapshot_id: str) -> Answer:
    if snapshot_id not in state.snapshots:
        return refused(404, "snapshot not found")
    state.on_restore()
    made = state.branch(asked.body["name"], restored_from=snapshot_id)
    return 200, {"branch": made, "operations": state.started("import_data", made["id"])}


def operation(state: StandIn, asked: Asked, operation_id: str) -> Answer:
    found = state.operations[operation_id]
    found["left"] -= 1
    if found["left"] <= 0:
        found["status"] = "failed" if state.failing else "finished"
        found["error"] = state.failing
    return 200, {"operation": found}


def list_consumption(state: StandIn, asked: Asked) -> Answer:
    if not {"org_id", "from", "to", "granularity", "metrics"} <= asked.query.keys():
        return refused(400, "a parameter is missing")
    if asked.query["org_id"] != ORG:
        return refused(404, "you are no member of this organization")
    page, following = paged(state, asked, state.consumption)
    # This endpoint's last page still names a cursor.
    return 200, {"projects": page, "pagination": {"cursor": following or asked.query.get("cursor", "")}}


BASE = f"/projects/{PROJECT}"
ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", f"{BASE}/branches", list_branches),
    ("POST", f"{BASE}/branches", create_branch),
    ("DELETE", f"{BASE}/branches/([^/]+)", delete_branch),
    ("PATCH", f"{BASE}/branches/([^/]+)", change_branch),
    ("GET", f"{BASE}/branches/([^/]+)/compare_schema", compare),
    ("POST", f"{BASE}/branches/([^/]+)/snapshot", create_snapshot),
    ("GET", f"{BASE}/endpoints", list_endpoints),
    ("POST", f"{BASE}/endpoints", create_endpoint),
    ("GET", f"{BASE}/connection_uri", address),
    ("GET", f"{BASE}/snapshots", list_snapshots),
    ("DELETE", f"{BASE}/snapshots/([^/]+)", delete_snapshot),
    ("POST", f"{BASE}/snapshots/([^/]+)/restore", restore_snapshot),
    ("GET", f"{BASE}/operations/([^/]+)", operation),
    ("GET", "/consumption_history/v2/projects", list_consumption),
]


@contextmanager
def running_stand_in() -> Iterator[StandIn]:
    """On loopback, until the block ends."""
    state, lock = StandIn(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            asked = Asked(self.command, parts.path.removeprefix("/api/v2"), query, json.loads(raw) if raw else {})
            with lock:
                state.asked.append(asked)
                self.reply(asked)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        def reply(self, asked: Asked) -> None:
            if state.interruptions:
                due = state.interruptions.pop(0)
                return self.send(due.status, due.body.encode(), due.retry_after)
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                status, content = refused(401, "authorization failed: invalid API key")
            else:
                status, content = answer(state, asked)
            return self.send(status, json.dumps(content).encode())

        def send(self, status: int, body: bytes, retry_after: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/api/v2"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
