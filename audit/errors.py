"""What goes wrong with checkpoints; errors of the operators' commands."""

from __future__ import annotations

from hub.common.errors import HubError


class CheckpointMalformed(HubError):
    """This is no checkpoint of a hub's audit trail. Give a file that `manage.py export_audit` wrote, as it wrote it."""

    code = "checkpoint_malformed"
    status = 422
    title = "Not a checkpoint"
    is_for_operators = True


class CheckpointAltered(HubError):
    """The checkpoint is not what was signed: it was changed afterwards. Fetch it again from where it is kept."""

    code = "checkpoint_altered"
    status = 422
    title = "The checkpoint was altered"
    is_for_operators = True


class CheckpointOfAnotherHub(HubError):
    """The checkpoint was made by another hub. Check it there, or with `--public-key` of the hub that made it."""

    code = "checkpoint_of_another_hub"
    status = 422
    title = "A checkpoint of another hub"
    is_for_operators = True


class SigningKeyUnknown(HubError):
    """The checkpoint names a key that is not in AUDIT_SIGNING_KEYS: add it there, or give `--public-key`."""

    code = "signing_key_unknown"
    status = 422
    title = "Unknown signing key"
    is_for_operators = True


class TrailNotSealed(HubError):
    """There is no such seal, so there is nothing to export. Run `manage.py seal_audit` first."""

    code = "trail_not_sealed"
    status = 409
    title = "Nothing sealed"
    is_for_operators = True


class TrailBroken(HubError):
    """The trail does not match its seals, and what does not match is not signed. Run `manage.py verify_audit`."""

    code = "trail_broken"
    status = 409
    title = "The trail is broken"
    is_for_operators = True
