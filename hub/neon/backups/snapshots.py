"""A backup that Neon keeps: a snapshot of the branch that the hub's database lies on."""

from __future__ import annotations

from datetime import timedelta

from hub.common.ids import uuid7
from hub.neon.api import NeonApi
from hub.neon.backup_records import BackupRecord
from hub.neon.backups.taking import held_state, recorded
from hub.neon.errors import OperationFailed
from hub.neon.schema_dump import schema_hash


def take_snapshot(api: NeonApi, *, kept_for: timedelta) -> BackupRecord:
    """Snapshots the branch whose compute the hub's direct address names, and records it. Raises OperationFailed.

    The schema's hash is of the moment before.
    """
    with held_state() as (state, wrapper):
        host = str(wrapper.settings_dict["HOST"])
        branch_id = api.branch_at(host)
        if branch_id is None:
            raise OperationFailed(f"{host} is no compute of NEON_PROJECT_ID: a snapshot would be of something else.")
        schema = schema_hash(wrapper, snapshot=state.snapshot)
    name = f"hub-{state.taken_at:%Y%m%dT%H%M%SZ}"
    made = api.create_snapshot(branch_id, name=name, expires_at=state.taken_at + kept_for)
    record = BackupRecord(
        id=str(uuid7()),
        taken_at=made.created_at,
        database=state.identity,
        kind="snapshot",
        location=made.id,
        bytes=made.bytes,
        sha256="",
        schema_hash=schema,
        lsn=made.lsn or state.lsn,
        expires_at=made.expires_at or state.taken_at + kept_for,
        encrypted=True,
    )
    return recorded(record, undo=lambda: api.delete_snapshot(made.id))
