"""What stands between `manage.py` and the settings: a database and a broker, the embedded ones when none are named."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from hub import env
from hub.local.discovery import LocalUrls, running_urls
from hub.local.errors import LocalServerError, VarInUse, file_errors_explained
from hub.local.files import lay_out
from hub.local.secrets import development_secrets
from hub.local.servers import LocalServers

# Commands that connect to nothing. Their settings still need URLs to parse: these lead nowhere (port 9 discards).
WITHOUT_SERVERS = frozenset(
    {
        *("check", "collectstatic", "diffsettings", "help", "spectacular", "version"),
        *("neon_branches", "neon_report", "open_backup"),
    }
)
HELP_OPTIONS = frozenset({"-h", "--help", "--version"})
# With these a command does without them: a checkpoint is checked where there is no database.
ALONE_WITH = {"verify_audit": "--checkpoint", "export_audit": "--public-keys"}
_NO_DATABASE = "postgresql://hub@127.0.0.1:9/hub"
NOWHERE = LocalUrls(_NO_DATABASE, _NO_DATABASE, "redis://127.0.0.1:9/0", pids={}, supervisor=0)
# The command that keeps the servers for others; it never leans on somebody else's.
OWNER = "runstack"
OTHERS_START_SECONDS = 90.0

_own: list[LocalServers] = []


def own_servers() -> LocalServers | None:
    """The servers that `ensure_servers` started in this process and has not stopped; None when there are none."""
    return _own[-1] if _own else None


def var_directory() -> Path:
    """HUB_VAR as an absolute path; `var` in the repository when it is not set."""
    return Path(os.path.abspath(env.text("HUB_VAR", str(env.BASE_DIR / "var"))))


@contextmanager
def ensure_servers(argv: Sequence[str]) -> Iterator[LocalServers | None]:
    """Gives the command in `argv` a database and a broker for as long as it runs; call before settings are read.

    DATABASE_URL and REDIS_URL (environment, NAME_FILE or .env) that are set are used, and nothing is started for them.
    For one that is not, the servers that run on HUB_VAR are used, else started here and stopped afterwards; their URLs
    go into os.environ. HUB_EMBEDDED=false forbids it: then a missing URL stops the settings. Yields the servers started
    here, else None. An error that concerns the servers ends the process with one line.
    """
    with ExitStack() as stack:
        try:
            servers = _provide(stack, argv)
        except (LocalServerError, ImproperlyConfigured) as error:
            raise SystemExit(f"error: {error}") from error
        yield servers


def _provide(stack: ExitStack, argv: Sequence[str]) -> LocalServers | None:
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if env.optional(name) is None]
    if not missing or not env.boolean("HUB_EMBEDDED", default=True):
        return None
    if not _needs_servers(argv):
        export(missing, NOWHERE)
        return None
    found = _started_or_found(stack, missing, may_lean=_command(argv) != OWNER)
    if isinstance(found, LocalServers):
        _own.append(found)
        stack.callback(_own.remove, found)
        export(missing, urls_of(found))
        return found
    export(missing, found)
    return None


def _command(argv: Sequence[str]) -> str:
    return argv[1] if len(argv) > 1 else "help"


def _needs_servers(argv: Sequence[str]) -> bool:
    if HELP_OPTIONS.intersection(argv[1:]):
        return False
    alone = ALONE_WITH.get(_command(argv))
    if alone is not None and any(part.split("=")[0] == alone for part in argv):
        return False
    return _command(argv) not in WITHOUT_SERVERS or any(part.startswith("--database") for part in argv)


def _started_or_found(stack: ExitStack, missing: Sequence[str], may_lean: bool) -> LocalServers | LocalUrls:
    """Servers of ours, else those of another process, which may still be starting them."""
    var = var_directory()
    deadline = time.monotonic() + OTHERS_START_SECONDS
    while True:
        found = running_urls(var) if may_lean else None
        if found is not None:
            return _checked(found, missing, var)
        try:
            return stack.enter_context(_servers(var, missing))
        except VarInUse:
            if not may_lean or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _servers(var: Path, missing: Sequence[str]) -> LocalServers:
    return LocalServers(
        var,
        postgres="DATABASE_URL" in missing,
        valkey="REDIS_URL" in missing,
        postgres_port=env.integer("HUB_POSTGRES_PORT", 0),
        valkey_port=env.integer("HUB_VALKEY_PORT", 0),
    )


def _checked(found: LocalUrls, missing: Sequence[str], var: Path) -> LocalUrls:
    for name, url in (("DATABASE_URL", found.database_url), ("REDIS_URL", found.redis_url)):
        if name in missing and url is None:
            raise VarInUse(
                f"Process {found.supervisor} runs servers on {var} without the one for {name}: stop it, or set {name}."
            )
    return found


def urls_of(servers: LocalServers) -> LocalUrls:
    """What the servers offer, in the form that other processes read from `local.json`."""
    pids = servers.pids
    return LocalUrls(
        database_url=servers.database_url if "postgres" in pids else None,
        database_url_direct=servers.database_url_direct if "postgres" in pids else None,
        redis_url=servers.redis_url if "valkey" in pids else None,
        pids=pids,
        supervisor=os.getpid(),
    )


def export(missing: Sequence[str], urls: LocalUrls) -> None:
    """Puts the missing URLs into os.environ, for the settings and for child processes.

    On the embedded database the secrets of development are allowed too (HUB_EMBEDDED): they protect its rows and no
    others. With a database of somebody else's, secrets are its operator's to give.
    """
    for name, url in (("DATABASE_URL", urls.database_url), ("REDIS_URL", urls.redis_url)):
        if name in missing and url:
            os.environ[name] = url
    if "DATABASE_URL" in missing:
        os.environ["DATABASE_URL_DIRECT"] = urls.database_url_direct or ""
        with file_errors_explained(var_directory()):
            lay_out(var_directory())
        development_secrets(var_directory())
        os.environ["HUB_EMBEDDED"] = "true"
