"""`manage.py runstack`: the whole hub in the foreground, for development, the demonstration and tests."""

from __future__ import annotations

import io
import os
import shlex
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connections

from hub.local.accounts import Accounts, ensure_accounts
from hub.local.bootstrap import var_directory
from hub.local.errors import LocalServerError, file_errors_explained
from hub.local.files import lay_out, write_private_json
from hub.local.lock import DirectoryLock
from hub.local.ready import Stopped
from hub.local.runner import USUAL_PORT, Runner, simulator_is_wanted
from hub.neon.connections import direct_url

EXAMPLE = '{"model": "gemini-3.8-flash", "prompt": "Three sentences about the sea at night."}'


class Command(BaseCommand):
    """Runs until SIGTERM, SIGINT or SIGHUP (exit status 0), or until a part keeps ending (1). Nothing survives it."""

    help = (
        "Starts PostgreSQL and Valkey (when DATABASE_URL and REDIS_URL name no others), migrates, makes a staff user "
        "and a client, and keeps web, worker, clock and simulator running in the foreground."
    )

    # They look at directories that this command makes first.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """--port N, --without simulator, --ready-file F."""
        parser.add_argument("--port", type=int, help=f"default: {USUAL_PORT} when it is free, else any free port")
        parser.add_argument("--without", action="append", choices=["simulator"], default=[], help="what not to start")
        parser.add_argument("--ready-file", type=Path, metavar="F", help="default: stack.json in HUB_VAR")

    def handle(self, *, port: int | None, without: list[str], ready_file: Path | None, **options: Any) -> None:
        """Returns when it was told to stop; CommandError for whatever keeps the stack from running."""
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: stopped.set())
        var = var_directory()
        ready_file = Path(os.path.abspath(ready_file or var / "stack.json"))
        try:
            self._run(var, port, ready_file, stopped, with_simulator=simulator_is_wanted(without))
        except Stopped:
            self._say("Told to stop before everything was ready.")
        except LocalServerError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}") from error

    def _run(
        self, var: Path, port: int | None, ready_file: Path, stopped: threading.Event, *, with_simulator: bool
    ) -> None:
        with ExitStack() as cleanup:
            lock = _locked(var, cleanup)
            runner = cleanup.enter_context(Runner(var, port=port, lock=lock.descriptor, say=self._say, stopped=stopped))
            accounts = _prepare_database(var)
            provider = runner.start(os.environ, with_simulator=with_simulator)
            cleanup.callback(ready_file.unlink, missing_ok=True)
            _write(ready_file, runner, accounts)
            self._say(_greeting(runner.base_url, provider.line, accounts, var))
            runner.keep_running(lambda: _write(ready_file, runner, accounts))
            self._say("Stopping ...")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _locked(var: Path, cleanup: ExitStack) -> DirectoryLock:
    with file_errors_explained(var):
        lay_out(var)
    lock = DirectoryLock(var / "stack.lock")
    lock.acquire()
    cleanup.callback(lock.release)
    return lock


def _prepare_database(var: Path) -> Accounts:
    """Schema, prices, staff user and client. The connections are closed: an idle stack holds none."""
    call_command("check", stdout=io.StringIO(), stderr=io.StringIO())
    call_command("migrate", interactive=False, verbosity=0)
    call_command("load_prices", yes=True, stdout=io.StringIO())
    accounts = ensure_accounts(var)
    connections.close_all()
    return accounts


def _write(ready_file: Path, runner: Runner, accounts: Accounts) -> None:
    facts = {
        "base_url": runner.base_url,
        "admin_url": f"{runner.base_url}/admin/",
        "simulator_url": runner.simulator_url,
        "database_url": os.environ["DATABASE_URL"],
        "database_url_direct": direct_url(),
        "redis_url": os.environ["REDIS_URL"],
        **accounts,
        "pids": runner.pids,
    }
    with file_errors_explained(ready_file.parent):
        write_private_json(ready_file, facts)


def _greeting(base_url: str, provider: str, accounts: Accounts, var: Path) -> str:
    staff, client = accounts["staff"], accounts["client"]
    curl = [
        *("curl", "-sS", f"{base_url}/api/v1/generations", "-H", f"Authorization: Bearer {client['api_key']}"),
        *("-H", "Content-Type: application/json", "-d", EXAMPLE),
    ]
    return (
        f"The hub runs.\n"
        f"  API       {base_url}/api/v1/\n"
        f"  Admin     {base_url}/admin/   {staff['username']}   {staff['password']}\n"
        f"  Provider  {provider}\n"
        f"  Logs      {var / 'logs'}\n"
        f"Try it:\n  {shlex.join(curl)}\n"
        f"Ctrl-C stops everything."
    )
