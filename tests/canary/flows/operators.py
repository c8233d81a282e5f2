"""With `manage.py`: accounts, holds, erasures, purges, the trail."""

from __future__ import annotations

from tests.canary.world import World
from tests.stack import eventually

PURGES = (*("prompts", "media", "usage_logs", "audit_logs", "sessions", "idempotency_keys", "dormant_users"),)
VERIFIED = "SELECT 1 FROM privacy_requests WHERE kind = 'anonymise' AND verified_at IS NOT NULL"


def checkpoint_of_the_day(world: World) -> None:
    """The clock finds that a day has gone by, seals, and has the worker write it."""
    folder = world.stack.folder / "checkpoints"
    before = set(folder.glob("*"))
    world.manage(["create_client", world.values.new("email", "{}@example.com")])
    world.stack.redis.delete("hub:audit-seal:last", "hub:audit-checkpoint:last", "hub:purge:last")
    eventually(lambda: set(folder.glob("*")) - before, "the checkpoint of the day")


def commands(world: World) -> None:
    """Right and wrong; an account is erased, and its receipt waited for."""
    values, held = world.values, world.stack.client("other").id
    world.manage(
        ["create_client", values.new("name that is no address")],
        ["create_client", world.staff[0]],
        ["create_staff", values.new("name that is no address"), "--password-env", "NONE"],
        ["reset_second_factor", values.new("email", "{}@nobody.example")],
        ["legal_hold", held, "--until", "2030-01-01", "--reason", values.new("reason of a legal hold")],
        ["anonymise_user", held, "--reason", values.new("reason of an erasure")],
        ["anonymise_user", world.leaving, "--reason", values.new("reason of an erasure")],
        ["staff_permission", world.staff[0], "--give", values.new("permission that there is not", "users.{}")],
        ["staff_permission", world.staff[0], "--give", "users.view_user"],
        ["staff_permission", values.new("email", "{}@nobody.example"), "--take", "users.view_user"],
        ["changepassword", values.new("email", "{}@nobody.example")],
        *([f"purge_{name}", "--dry-run"] for name in PURGES),
        *([f"purge_{name}"] for name in PURGES),
        ["reconcile_usage"],
        ["db_audit", "--folder", str(world.stack.folder / "audits")],
        ["rotate_encryption", "--check"],
        ["seal_audit"],
        ["export_audit", str(world.stack.folder / "trail.jsonl"), "--entries"],
    )
    eventually(lambda: world.stack.rows(VERIFIED), "the receipt of the erasure")
