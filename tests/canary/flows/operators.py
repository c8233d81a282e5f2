"""With `manage.py`: accounts, holds, erasures, purges, the trail."""

from __future__ import annotations

from tests.canary.world import World
from tests.stack import eventually

VERIFIED = "SELECT 1 FROM privacy_requests WHERE kind = 'anonymise' AND verified_at IS NOT NULL"


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
        ["purge_prompts", "--dry-run"],
        ["purge_dormant_users", "--dry-run"],
        ["rotate_encryption", "--check"],
        ["seal_audit"],
        ["export_audit", str(world.stack.folder / "trail.jsonl"), "--entries"],
    )
    eventually(lambda: world.stack.rows(VERIFIED), "the receipt of the erasure")
