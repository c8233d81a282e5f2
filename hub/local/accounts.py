"""The staff user and the client of the local stack: made at the first start, the same at every later one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.common.errors import HubError
from hub.local.errors import file_errors_explained
from hub.local.files import private_directory, read_json, write_private_json
from usage.enums import Period
from usage.selectors import current_quotas
from usage.services import set_quota
from users.letting_in import authenticate_api_key
from users.models import User
from users.services import create_user, issue_api_key, set_password

STAFF_EMAIL = "admin@hub.localhost"
CLIENT_EMAIL = "client@hub.localhost"
KEY_NAME = "local stack"
QUOTA = Decimal(100)


Accounts = dict[str, dict[str, str]]


def ensure_accounts(var: Path) -> Accounts:
    """`{"staff": {username, password}, "client": {id, api_key}}`, kept in `var/secrets/accounts.json` (mode 600).

    A password or a key that the database no longer accepts is replaced, and nothing else is touched: a quota that
    somebody changed stays.
    """
    path = var / "secrets" / "accounts.json"
    with file_errors_explained(var):
        private_directory(path.parent)
        kept = read_json(path) or {}
        accounts = {"staff": _staff(kept.get("staff", {})), "client": _client(kept.get("client", {}))}
        if accounts != kept:
            write_private_json(path, accounts)
    return accounts


def _staff(kept: Mapping[str, Any]) -> dict[str, str]:
    password = str(kept.get("password") or secrets.token_urlsafe(12))
    user = _find(STAFF_EMAIL)
    if user is None:
        create_user(email=STAFF_EMAIL, is_staff=True, is_superuser=True, password=password)
    elif not user.check_password(password):
        set_password(user=user, password=password)
    return {"username": STAFF_EMAIL, "password": password}


def _client(kept: Mapping[str, Any]) -> dict[str, str]:
    user = _find(CLIENT_EMAIL) or create_user(email=CLIENT_EMAIL)
    if not current_quotas(user=user):
        set_quota(user=user, kind="", period=Period.MONTH, limit=QUOTA, actor=None)
    text = str(kept.get("api_key") or "")
    if not _opens(text, user):
        _, text = issue_api_key(owner=user, name=KEY_NAME)
    return {"id": str(user.pk), "api_key": text}


def _opens(text: str, user: User) -> bool:
    if not text:
        return False
    try:
        return bool(authenticate_api_key(text=text, ip=None).owner_id == user.pk)
    except HubError:
        return False


def _find(email: str) -> User | None:
    try:
        return User.objects.get_by_natural_key(email)
    except User.DoesNotExist:
        return None
