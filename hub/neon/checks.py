"""System checks of the two ways to the database, for production: `manage.py check`, and every process as it starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from hub.neon.connections import is_pooled
from hub.neon.roles import APP, MIGRATOR

NEON = ".neon.tech"
ENCRYPTED = ("require", "verify-ca", "verify-full")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@checks.register(checks.Tags.security)
def database_ways(*, app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Nothing in development, where the embedded server or a developer's own is good enough."""
    if settings.DEVELOPMENT:
        return []
    # Not the entry in DATABASES: a command that works by the direct way has turned that one.
    pooled = settings.DATABASE_POOLED
    found = [*_pooled_way(pooled), *_any_way("DATABASE_URL", pooled)]
    if settings.DATABASE_URL_DIRECT != settings.DATABASE_URL:
        direct = settings.DATABASE_DIRECT
        found += [*_direct_way(direct, pooled), *_any_way("DATABASE_URL_DIRECT", direct)]
    return found


def stop_on_errors() -> None:
    """For processes that run no checks of their own: raises ImproperlyConfigured with the first error."""
    for message in database_ways():
        if message.level >= checks.ERROR:
            raise ImproperlyConfigured(f"{message.msg} {message.hint} ({message.id})")


def _pooled_way(way: Mapping[str, Any]) -> Iterator[checks.CheckMessage]:
    host = str(way["HOST"])
    if host.endswith(NEON) and not is_pooled(host):
        yield _error(101, "DATABASE_URL names Neon's direct host.", "Put -pooler behind the name of the endpoint.")
    if way["USER"] != APP.name:
        yield _error(103, f"DATABASE_URL logs in as {way['USER']!r}.", f"The hub works as the role {APP.name!r}.")
    if not way.get("DISABLE_SERVER_SIDE_CURSORS"):
        yield _error(105, "Server-side cursors are on.", "A pooler loses them: DISABLE_SERVER_SIDE_CURSORS = True.")
    if way.get("OPTIONS", {}).get("assume_role"):
        yield _error(107, "assume_role is set.", "Through a pooler others would get that role: log in as it instead.")
    if way.get("OPTIONS", {}).get("pool") and way.get("CONN_MAX_AGE"):
        yield _error(109, "A client's pool and CONN_MAX_AGE are both set.", "With a pool CONN_MAX_AGE is 0.")


def _direct_way(way: Mapping[str, Any], pooled: Mapping[str, Any]) -> Iterator[checks.CheckMessage]:
    if is_pooled(str(way["HOST"])):
        yield _error(102, "DATABASE_URL_DIRECT names a pooler.", "Migrations need the host without -pooler.")
    if way["USER"] != MIGRATOR.name:
        hint = f"The tables belong to the role {MIGRATOR.name!r}, which alone may change them."
        yield _error(104, f"DATABASE_URL_DIRECT logs in as {way['USER']!r}.", hint)
    if way["NAME"] != pooled["NAME"]:
        hint = "Migrations would change a database that the hub does not use."
        yield _error(110, "DATABASE_URL and DATABASE_URL_DIRECT name two databases.", hint)


def _any_way(name: str, way: Mapping[str, Any]) -> Iterator[checks.CheckMessage]:
    options = way.get("OPTIONS", {})
    if "options" in options:
        hint = "A pooler refuses the connection: the roles have their timeouts (manage.py db_grants)."
        yield _error(106, f"{name} sets options.", hint)
    if not _is_local(str(way["HOST"])):
        yield from _encryption(name, options)


def _encryption(name: str, options: Mapping[str, Any]) -> Iterator[checks.CheckMessage]:
    mode, is_bound = options.get("sslmode"), options.get("channel_binding") == "require"
    if mode not in ENCRYPTED and not is_bound:
        hint = "Add ?sslmode=verify-full, or sslmode=require&channel_binding=require."
        yield _error(108, f"{name} does not demand TLS.", hint)
    elif mode in ("require", None) and not is_bound:
        hint = "Add channel_binding=require, or sslmode=verify-full with sslrootcert."
        yield checks.Warning(f"{name} encrypts and does not check to whom.", hint=hint, id="hub.W108")


def _is_local(host: str) -> bool:
    return not host or host.startswith("/") or host in LOOPBACK


def _error(number: int, what: str, hint: str) -> checks.Error:
    return checks.Error(what, hint=hint, id=f"hub.E{number}")
