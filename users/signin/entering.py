"""From "it is you" to a session: the second factor stands between the two."""

from __future__ import annotations

import base64
import time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from audit.actions import Action
from audit.services import record
from hub.common.keyring import KeyringError, seal, unseal
from users.api.authentication import client_ip
from users.models import User
from users.signin.backends import BY_PROVIDER
from users.signin.second_factor import confirmed_factor

PENDING = "signin_pending"
PASSED = "second_factor_passed"
PENDING_SECONDS = 600
NEXT_PURPOSE = "signin.next"


def enter(request: HttpRequest, *, user: User, backend: str, next_url: str) -> HttpResponse:
    """Where the browser goes now that it has shown who it is: in, or first to the second factor."""
    is_needed = user.is_staff and settings.STAFF_SECOND_FACTOR_REQUIRED
    if not is_needed and confirmed_factor(user) is None:
        return let_in(request, user=user, backend=backend, next_url=next_url)
    # Whoever was signed in here is so no longer, and the id that the browser had before is worth nothing.
    request.session.flush()
    request.session[PENDING] = {
        "user_id": str(user.id),
        "backend": backend,
        # It may search for somebody's address.
        "next_url": _sealed(next_url),
        "at": time.time(),
        # A password that changes meanwhile ends this as it ends sessions.
        "proof": user.get_session_auth_hash(),
    }
    request.session.set_expiry(PENDING_SECONDS)
    return redirect("signin:second-factor")


def pending(request: HttpRequest) -> tuple[User, dict[str, Any]] | None:
    """Who has shown the first factor in this browser within ten minutes and waits for the second."""
    kept = request.session.get(PENDING)
    if not kept or not 0 <= time.time() - kept["at"] <= PENDING_SECONDS:
        return None
    user = User.objects.filter(id=UUID(kept["user_id"])).first()
    if user is None or not user.is_active or not constant_time_compare(kept["proof"], user.get_session_auth_hash()):
        return None
    return user, {**kept, "next_url": _opened(kept["next_url"])}


def _sealed(url: str) -> str:
    return base64.urlsafe_b64encode(seal(url.encode(), purpose=NEXT_PURPOSE)).decode()


def _opened(sealed: str) -> str:
    """ "" when the key is gone meanwhile: whoever signs in goes to their usual page then."""
    try:
        return unseal(base64.urlsafe_b64decode(sealed), purpose=NEXT_PURPOSE).decode()
    except KeyringError:
        return ""


def let_in(request: HttpRequest, *, user: User, backend: str, next_url: str, has_passed: bool = False) -> HttpResponse:
    """The session begins, audited; has_passed: with a second factor."""
    request.session.pop(PENDING, None)
    login(request, user, backend=backend)
    request.session.set_expiry(None)
    request.session[PASSED] = has_passed
    now = timezone.now()
    User.objects.filter(id=user.id).update(last_active_at=now)
    method = "provider" if backend == BY_PROVIDER else "password"
    record(
        action=Action.USER_SIGNED_IN,
        actor_id=user.id,
        target=("user", user.id),
        ip=client_ip(request),
        method=method,
        second_factor=has_passed,
    )
    return redirect(next_url or default_page(user))


def leave(request: HttpRequest) -> None:
    """The session ends, audited if it was anybody's. A second call finds none."""
    user = request.user if request.user.is_authenticated else None
    logout(request)
    if user is not None:
        record(action=Action.USER_SIGNED_OUT, actor_id=user.id, target=("user", user.id), ip=client_ip(request))


def default_page(user: User) -> str:
    """Where somebody goes who named nothing: staff to the console, clients to their account."""
    return reverse("admin:index" if user.is_staff else "signin:account")


def is_enough(request: HttpRequest) -> bool:
    """Whether the session of a member of the staff was begun as the settings ask for today."""
    if settings.OIDC_STAFF_REQUIRED and request.session.get(BACKEND_SESSION_KEY) != BY_PROVIDER:
        return False
    return bool(request.session.get(PASSED)) or not settings.STAFF_SECOND_FACTOR_REQUIRED


def signed_in(request: HttpRequest) -> User | None:
    """Whose session it is; None for nobody's, and for one of the staff that is not enough."""
    if not request.user.is_authenticated:
        return None
    user = request.user
    return None if user.is_staff and not is_enough(request) else user


def safe_next(request: HttpRequest, url: str) -> str:
    """The URL when it leads to a page of this hub, else ""."""
    hosts = {request.get_host()}
    return url if url_has_allowed_host_and_scheme(url, hosts, require_https=request.is_secure()) else ""
