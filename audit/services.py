"""Writes the audit trail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from audit.actions import Action
from audit.models import LONGEST_LABEL, AuditLog
from hub.common.actor import current_actor_label
from hub.common.client_address import current_client_address
from hub.common.keyring import blind_index
from hub.common.request_id import current_request_id

IP_PURPOSE = "audit_logs.ip"

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
# What must not be in the trail under any name that contains one of these; neither joined (apikey) nor apart (api_key).
_SECRET = frozenset({"password", "passwd", "passphrase", "secret", "authorization", "cookie", "email", "apikey"})
# A number under these is a count (of tokens, of characters of the prompt), a text is the thing itself.
_SECRET_UNLESS_NUMBER = frozenset({"token", "prompt"})


def record(
    *,
    action: str,
    actor_id: UUID | None = None,
    actor_label: str = "",
    target: tuple[str, UUID] | None = None,
    subject_id: UUID | None = None,
    ip: str | None = None,
    **data: object,
) -> AuditLog:
    """One row, in the caller's transaction; a second call is a second row.

    `subject_id` is the user whom it concerns; left out, the target when that is a user, else the actor. `ip` left out
    is that of the request that is being worked on, if there is one, and a label for who has no account that of the
    command that runs.

    Raises ValueError for an action that is not in the catalogue, for an `ip` that is none, and for a key of `data`, at
    any depth, that names a secret or personal data. References (`api_key_id`) and counts (`input_token=7`) may stay.
    """
    _refuse_secrets(data)
    target_type, target_id = target or ("", None)
    address = ip if ip is not None else current_client_address()
    plain_ip = None if address is None else normalise_ip(address)
    return AuditLog.objects.create(
        action=Action(action),
        actor_id=actor_id,
        actor_label=(actor_label or _label_without(actor_id))[:LONGEST_LABEL],
        target_type=target_type,
        target_id=target_id,
        subject_id=subject_id or (target_id if target_type == "user" else actor_id),
        request_id=current_request_id(),
        ip=plain_ip,
        ip_digest=plain_ip and ip_digest(plain_ip),
        data=data,
    )


def _label_without(actor_id: UUID | None) -> str:
    """Of who acts without an account."""
    return "" if actor_id else current_actor_label()


def normalise_ip(value: str) -> str:
    """The one spelling of an address; IPv4 within IPv6 is IPv4. Raises ValueError."""
    address = ip_address(value)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def ip_digest(value: str) -> bytes:
    """What stands for an address in `AuditLog.ip_digest`."""
    return blind_index(normalise_ip(value), purpose=IP_PURPOSE)


def _refuse_secrets(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if _is_secret(str(key), inner):
                raise ValueError(
                    f"{key!r} looks like a secret or personal data; it does not belong in the audit trail."
                )
            _refuse_secrets(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for inner in value:
            _refuse_secrets(inner)


def _is_secret(key: str, value: object) -> bool:
    words = [word.lower().removesuffix("s") for word in _WORD.findall(key)]
    if words[-1:] == ["id"]:
        return False
    named = {*words, *(first + second for first, second in zip(words, words[1:], strict=False))}
    if named & _SECRET:
        return True
    return bool(named & _SECRET_UNLESS_NUMBER) and not isinstance(value, int | float | Decimal)
