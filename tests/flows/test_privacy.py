"""A client takes all of its data along and is erased: nothing of it is left, and a restored backup is told again."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hub.env import BASE_DIR
from hub.local.binaries import postgres_program
from tests.files import picture
from tests.flows.test_inputs import upload
from tests.owner import owner_url
from tests.receiver import running_receiver
from tests.stack import HubStack, eventually
from tests.stack.client import GENERATIONS, Client
from tests.stack.cluster import drop, execute, fresh_name, urls_of

pytestmark = pytest.mark.stack
MODELS = ("gemini-3.8-flash", "gemini-3.1-flash-image", "veo-3.1-generate-001", "gemini-omni-1.2-flash", "lyria-3.5")
SEALED = {
    "users": ("email",),
    "generations": ("prompt", "parameters", "texts"),
    "webhook_endpoints": ("url", "secret"),
    "audit_logs": ("ip",),
    "privacy_requests": ("reason",),
}
TOTALS = {
    "ledger": "SELECT created_at::date, model, kind, units::text, cost, estimate, outcome FROM usage_logs",
    "periods": 'SELECT starts_at, ends_at, "limit", spent, held FROM quota_periods',
    "holds": "SELECT kind, amount, state, cost FROM quota_holds",
    "daily": "SELECT day, model, kind, sum(requests), sum(cost) FROM usage_daily GROUP BY 1, 2, 3",
    "quotas": 'SELECT kind, period, "limit" FROM quotas',
}


def unique(what: str, values: set[str]) -> str:
    value = f"{what}-{uuid4().hex[:12]}"
    values.add(value)
    return value


def live(stack: HubStack, client: Client, values: set[str], hook: str) -> None:
    """Generations of every kind, uploads, a webhook, a key, a refusal with an address."""
    endpoint = {"url": f"{hook}/{unique('hook', values)}", "description": unique("about", values)}
    made = client.call("POST", "/api/v1/webhook-endpoints", endpoint)
    assert made.status == 201, made.body
    values.add(made.json["secret"])
    media = upload(client, picture("PNG"))
    for model in MODELS:
        order: dict[str, Any] = {"model": model, "prompt": unique("prompt", values), "tags": [unique("tag", values)]}
        if model == MODELS[0]:
            order["inputs"] = [{"media_id": media}]
        answer = client.call("POST", GENERATIONS, order, Idempotency_Key=unique("order", values))
        assert answer.status == 202, answer.body
    key = {"name": unique("key", values), "scopes": ["usage:read"], "caps": [{"period": "day", "limit_usd": "5"}]}
    key["expires_at"] = "2030-01-01T00:00:00Z"
    narrow = client.call("POST", "/api/v1/api-keys", {**key, "allowed_ips": ["192.0.2.0/24"]})
    assert narrow.status == 201, narrow.body
    values.add(narrow.json["api_key"])
    refused = Client(client.base_url, client.id, narrow.json["api_key"]).call("GET", "/api/v1/usage")
    assert refused.status == 403
    stack.wait_until_all_have_ended()
    for generation in client.call("GET", GENERATIONS).json["results"]:
        assert generation["status"] == "succeeded", generation
        values.update(output["text"] for output in generation["outputs"] if "text" in output)


def sealed(stack: HubStack) -> set[str]:
    """Every sealed value, as it stands in a dump."""
    columns = ((table, column) for table, columns in SEALED.items() for column in columns)
    mine = stack.rich.id
    whose = {"users": "id", "audit_logs": "subject_id", "privacy_requests": "user_id"}
    return {
        bytes(row["value"]).hex()
        for table, column in columns
        for row in stack.rows(
            f"SELECT {column} AS value FROM {table} WHERE {whose.get(table, 'owner_id')} = %s AND {column} IS NOT NULL",
            mine,
        )
    }


def totals(stack: HubStack) -> dict[str, list[str]]:
    return {name: sorted(map(str, stack.rows(query))) for name, query in TOTALS.items()}


def dump(database: str) -> str:
    command = [postgres_program("pg_dump"), "--inserts", owner_url(database)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def check_export(stack: HubStack, client: Client, values: set[str]) -> None:
    asked = client.call("POST", "/api/v1/me/export", {})
    assert asked.status == 202, asked.body
    done = eventually(
        lambda: shown if (shown := client.call("GET", asked.headers["location"]).json)["status"] == "done" else None,
        "the export",
    )
    fetched = client.call("GET", done["archive"]["url"])
    assert fetched.status == 200
    assert hashlib.sha256(fetched.body).hexdigest() == done["archive"]["sha256"]
    with zipfile.ZipFile(io.BytesIO(fetched.body)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        assert {entry["path"] for entry in manifest["entries"]} | {"manifest.json"} == set(archive.namelist())
        for entry in manifest["entries"]:
            assert hashlib.sha256(archive.read(entry["path"])).hexdigest() == entry["sha256"]
        data = {name: json.loads(archive.read(f"data/{name}.json")) for name in manifest["tables"]}
    assert {name: len(rows) for name, rows in data.items()} == manifest["tables"]
    media = stack.value("SELECT count(*) FROM media WHERE owner_id = %s", client.id)
    assert sum(entry["path"].startswith("media/") for entry in manifest["entries"]) == media == 5
    text = json.dumps(data, ensure_ascii=False)
    secrets = {value for value in values if value.startswith(("hub_", "whsec_"))}
    assert [value for value in values - secrets if json.dumps(value, ensure_ascii=False)[1:-1] not in text] == []
    assert [value for value in secrets if value in text] == []
    assert "rich@example.org" in text
    actions = [
        row["action"] for row in stack.rows("SELECT action FROM audit_logs WHERE starts_with(action, 'privacy.')")
    ]
    assert sorted(actions) == ["privacy.export_built", "privacy.export_downloaded", "privacy.export_requested"]


def manage(stack: HubStack, database: str, *words: str) -> subprocess.CompletedProcess[str]:
    env = stack.env | urls_of(database)
    command = [sys.executable, str(BASE_DIR / "manage.py"), *words]
    return subprocess.run(command, env=env, cwd=BASE_DIR, capture_output=True, text=True)


def restored(folder: Path, text: str) -> str:
    database = fresh_name()
    execute("CREATE DATABASE {} OWNER migrator", database)
    path = folder / "backup.sql"
    path.write_text(text)
    command = [postgres_program("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(path), owner_url(database)]
    subprocess.run(command, check=True, capture_output=True)
    return database


def test_all_is_exported_all_is_erased_and_erased_again_after_a_restore(
    new_stack: Callable[..., HubStack], tmp_path: Path
) -> None:
    stack = new_stack(WEBHOOK_ALLOWED_HOSTS="127.0.0.1")
    client, values = stack.rich, set[str]()
    with running_receiver() as receiver:
        live(stack, client, values, receiver.url)
        check_export(stack, client, values)
        eventually(lambda: stack.value("SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'") == 0, "peace")
    blobs, before, backup = sealed(stack), totals(stack), dump(stack.database)
    assert len(blobs) > 15
    assert all(blob in backup for blob in blobs)
    plan = client.call("POST", "/api/v1/me/erasure", {"dry_run": True}).json
    assert plan["blocked_by"] == []
    assert client.call("POST", "/api/v1/me/erasure", {"confirm": str(uuid4())}).status == 422
    deletes = stack.simulator.call("GET", "/_simulator/calls").json["totals"]["deletes"]

    asked = client.call("POST", "/api/v1/me/erasure", {"confirm": client.id})
    assert asked.status == 202, asked.body
    query = "SELECT status, counts, receipt, verified_at FROM privacy_requests WHERE id = %s"
    done = eventually(
        lambda: row if (row := stack.rows(query, asked.json["id"])[0])["verified_at"] else None, "the proof"
    )
    # The order itself left one more entry with the address that it came from.
    assert done["counts"] == plan["counts"] | {"audit_logs": plan["counts"]["audit_logs"] + 1}
    assert done["receipt"]["outcome"] == {"provider_works_declined": 1, "provider_works_forgotten": 1}
    assert client.call("GET", "/api/v1/me").status == 401
    assert stack.simulator.call("GET", "/_simulator/calls").json["totals"]["deletes"] == deletes + 2
    after = dump(stack.database)
    assert [value for value in {*values, "rich@example.org", *blobs} if value in after] == []
    assert totals(stack) == before
    assert [path for path in stack.media_root.rglob("*") if path.is_file()] == []
    assert client.id not in json.dumps(done["receipt"]) + (stack.folder / "erasures.jsonl").read_text()
    for part in ("web", "worker", "clock"):
        assert [value for value in values if value in stack.log(part)] == []

    database = restored(tmp_path, backup)
    try:
        replay = manage(stack, database, "replay_erasures")
        assert replay.returncode == 0, replay.stderr
        assert f"{asked.json['id']} erased again" in replay.stdout
        again = dump(database)
        assert [value for value in {*values, "rich@example.org", *blobs} if value in again] == []
        second = manage(stack, database, "replay_erasures")
        assert "1 erasures in the log: 0 erased again, 0 wait" in second.stdout
        assert (stack.folder / "erasures.jsonl").read_text().count("\n") == 1
    finally:
        drop(database)
