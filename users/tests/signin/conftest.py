"""A hub that serves over HTTP within the test's own transaction, a provider beside it, and browsers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import werkzeug.serving
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections

from audit.models import AuditLog
from hub.wsgi import application
from users.signin import provider as wire
from users.tests.signin.browser import Browser
from users.tests.signin.provider import Provider, running_provider


@pytest.fixture(scope="session")
def only_provider() -> Iterator[Provider]:
    """One for all tests."""
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(only_provider: Provider, settings: Any) -> Iterator[Provider]:
    """The one that the hub trusts, for people at example.com."""
    settings.OIDC_PROVIDERS = only_provider.settings()
    settings.OIDC_ALLOWED_DOMAINS = ("example.com",)
    settings.OIDC_SIGN_UP = False
    only_provider.asked.clear()
    only_provider.revoked.clear()
    wire._remembered.clear()
    yield only_provider
    only_provider.metadata, only_provider.is_down, only_provider.observer = {}, False, None
    only_provider.revocation_error = ""


@pytest.fixture
def hub(db: None) -> Iterator[str]:
    """Its URL. One connection for test and server, which take turns: what is written is rolled back in the end."""
    # As Django's own test client does: the connection of the test must outlive each request.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    shared = connections["default"]
    shared.inc_thread_sharing()
    server = werkzeug.serving.make_server("127.0.0.1", 0, application)

    def serve() -> None:
        connections["default"] = shared
        server.serve_forever(poll_interval=0.02)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()
    shared.dec_thread_sharing()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def browser(hub: str, provider: Provider) -> Iterator[Browser]:
    with_cookies = Browser(hub)
    yield with_cookies
    with_cookies.client.close()


@pytest.fixture
def trail(db: None) -> Callable[[], list[tuple[str, str]]]:
    """(action, code) of what was written since the test's people were made."""

    def trail() -> list[tuple[str, str]]:
        rows = AuditLog.objects.exclude(action="user.created").order_by("created_at", "id")
        return [(row.action, str(row.data.get("code", ""))) for row in rows]

    return trail
