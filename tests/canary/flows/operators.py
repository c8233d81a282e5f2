"""With `manage.py`: accounts, holds, erasures, purges, the trail."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from tests.canary.world import World
from tests.stack import eventually


def commands(world: World) -> None:
    """Side by side: each is a process of its own."""
    values = world.values
    erased = json.loads(world.manage("create_client", values.new("email", "{}@example.com"), "--json"))
    world.learn_secrets_in(json.dumps(erased))
    held = world.stack.client("other").id
    mistyped = values.new("name that is no address")
    runs = [
        ("create_client", mistyped),
        ("create_staff", world.staff[0], "--password-env", "NONE"),
        ("reset_second_factor", values.new("email", "{}@nobody.example")),
        ("legal_hold", held, "--until", "2030-01-01", "--reason", values.new("reason of a legal hold")),
        ("anonymise_user", erased["id"], "--reason", values.new("reason of an erasure")),
        ("purge_prompts", "--dry-run"),
        ("purge_dormant_users", "--dry-run"),
        ("rotate_encryption", "--check"),
        ("seal_audit",),
    ]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda words: world.manage(*words), runs))
    world.manage("export_audit", str(world.stack.folder / "trail.jsonl"), "--entries")
    eventually(
        lambda: world.stack.rows("SELECT 1 FROM privacy_requests WHERE kind = 'anonymise' AND verified_at IS NOT NULL"),
        "the receipt of the erasure",
    )
