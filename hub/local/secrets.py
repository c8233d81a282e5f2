"""The secrets of development: made once under var/secrets, kept for as long as the data they protect."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hub.local.errors import LocalServerError, file_errors_explained
from hub.local.files import locked, private_directory, read_json, write_private_json
from hub.neon.roles import NAMES

KEY_BYTES = 32
KID = "dev1"


class ServerPasswords(NamedTuple):
    """What the embedded servers ask of their clients; URL-safe characters only."""

    postgres: str
    valkey: str
    roles: dict[str, str]


def _key() -> str:
    return f"{KID}:{base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


SETTINGS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FIELD_ENCRYPTION_KEYS": _key,
    "FIELD_INDEX_KEYS": _key,
    "API_KEY_PEPPERS": _key,
    "AUDIT_SIGNING_KEYS": _key,
}
PASSWORDS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_urlsafe(24),
    "VALKEY_PASSWORD": lambda: secrets.token_urlsafe(24),
    **{f"POSTGRES_{name.upper()}_PASSWORD": lambda: secrets.token_urlsafe(24) for name in NAMES},
}


def development_secrets(var: Path) -> dict[str, str]:
    """The settings that production demands and development makes for itself, by name.

    Made and kept in `var/secrets/development.json` (mode 600) by whichever process comes first; every later call, and
    every other process, gets the same. Raises LocalServerError when they can be neither read nor made.
    """
    kept = _kept(var)
    return {name: kept[name] for name in SETTINGS}


def server_passwords(var: Path) -> ServerPasswords:
    """The passwords of the embedded servers, kept beside the development secrets and made in the same way."""
    kept = _kept(var)
    roles = {name: kept[f"POSTGRES_{name.upper()}_PASSWORD"] for name in NAMES}
    return ServerPasswords(postgres=kept["POSTGRES_PASSWORD"], valkey=kept["VALKEY_PASSWORD"], roles=roles)


def _kept(var: Path) -> dict[str, str]:
    path = var / "secrets" / "development.json"
    with file_errors_explained(var):
        private_directory(path.parent)
        with locked(path.parent / ".lock"):
            found = _read(path)
            missing = {name: make() for name, make in (SETTINGS | PASSWORDS).items() if name not in found}
            if missing:
                write_private_json(path, found | missing)
    return found | missing


def _read(path: Path) -> dict[str, str]:
    content = read_json(path)
    if content is None and path.exists():
        raise LocalServerError(f"{path} is damaged: put a copy back, or move {path.parent.parent} away to start anew.")
    return {name: str(value) for name, value in (content or {}).items()}
