"""Rings of keys for the tests of rotation."""

from __future__ import annotations

import base64
from typing import Any

from django.test.utils import override_settings


def key(kid: str) -> str:
    return f"{kid}:{base64.urlsafe_b64encode(kid.encode().ljust(32, b'.')).decode()}"


def ring(*kids: str) -> tuple[str, ...]:
    return tuple(key(kid) for kid in kids)


def sealing(*kids: str) -> Any:
    """Within it, these are the keys that seal."""
    return override_settings(FIELD_ENCRYPTION_KEYS=ring(*kids))


def indexing(*kids: str, following: str = "") -> Any:
    """Within it, these are the keys of the indexes."""
    return override_settings(FIELD_INDEX_KEYS=ring(*kids), FIELD_INDEX_NEXT=following)
