"""A hub of its own: PostgreSQL database, Valkey, simulator, web, worker and clock, each a real process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import redis
from celery import Celery
from psycopg import sql
from psycopg.rows import dict_row

from hub.local import parts
from hub.local.ports import LOOPBACK, free_port, listen
from hub.local.pytest_plugin import UNLIMITED
from hub.local.ready import url_in, wait_until, web_is_ready
from hub.local.servers import LocalServers
from hub.local.stack import Part, Stack
from tests.stack.books import problems_of
from tests.stack.client import Answer, Client
from tests.stack.cluster import Template, drop, environment, url_of
from tests.stack.waiting import eventually

# Short enough that a test sees every wait end, long enough that a busy machine does not take a live worker for dead.
SETTINGS = {
    "LEASE_SECONDS": "2",
    "REDISPATCH_SECONDS": "2",
    "RETRY_SECONDS": "0.2",
    "CLOCK_TICK_SECONDS": "0.1",
    "PROVIDER_POLL_SECONDS": "0.2",
    "PROVIDER_TIMEOUT_SECONDS": "15",
    "MAX_ATTEMPTS": "3",
    "OPERATION_DEADLINE_SECONDS": "120",
    "LOG_LEVEL": "INFO",
    **UNLIMITED,
}
ALL = ("simulator", "worker", "clock", "web")
OPEN = ("queued", "running")


class HubStack:
    """Starts what `running` names; a context manager that leaves nothing behind but its logs (`folder/logs`).

    `settings` are environment variables over SETTINGS. Every part dies with this process, and must therefore be started
    by its main thread.
    """

    def __init__(
        self,
        folder: Path,
        template: Template,
        *,
        running: Sequence[str] = ALL,
        operation_seconds: float = 0.5,
        **settings: str,
    ) -> None:
        self.folder = folder
        self.template = template
        self.logs = folder / "logs"
        self.media_root = folder / "media"
        self._operation_seconds = operation_seconds
        self._cleanup = ExitStack()
        self._running = running
        self._settings = SETTINGS | template.settings | settings

    def __enter__(self) -> HubStack:
        with ExitStack() as cleanup:
            self._start(cleanup)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _start(self, cleanup: ExitStack) -> None:
        self.database = self.template.copy()
        cleanup.callback(drop, self.database)
        self.media_root.mkdir(parents=True, exist_ok=True)
        self.servers = cleanup.enter_context(LocalServers(self.folder, postgres=False))
        self.redis = cleanup.enter_context(redis.Redis.from_url(self.servers.redis_url, decode_responses=True))
        self._celery = Celery(broker=self.servers.redis_url, set_as_current=False)
        cleanup.callback(self._celery.close)
        self._listener = cleanup.enter_context(listen(0))
        self._stack = Stack(self.logs, say=lambda line: None)
        cleanup.callback(self._stop_everything)
        self._simulator_port = free_port()
        self.env = environment() | {
            "DATABASE_URL": url_of(self.database),
            "REDIS_URL": self.servers.redis_url,
            "HUB_VAR": str(self.folder),
            "PYTHONUNBUFFERED": "1",
            **parts.provider({}, f"http://{LOOPBACK}:{self._simulator_port}").env,
            **self._settings,
        }
        self.base_url = f"http://{LOOPBACK}:{self._listener.getsockname()[1]}"
        self.simulator = Client(f"http://{LOOPBACK}:{self._simulator_port}", "", "none")
        self.start(*self._running)
        self.rich = self.client("rich")

    def _stop_everything(self) -> None:
        for name in list(self._stack.pids):
            self.kill(name)

    # --- the processes ------------------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Starts parts and returns when each does its work; a part that was killed may be started again."""
        for name in names:
            self._stack.start(getattr(self, f"_{name}")())
        for name in names:
            self._wait(name)

    def _wait(self, name: str) -> None:
        ready = {
            "simulator": lambda: url_in(self.folder / "simulator.json") is not None,
            "web": lambda: web_is_ready(self.base_url),
            "worker": self._worker_listens,
            "clock": lambda: self.redis.exists("hub:sweep:last"),
        }.get(name, lambda: True)
        wait_until(ready, f"The start of {name}", self._stack, threading.Event())

    def _worker_listens(self) -> bool:
        return any(line.get("cmd") == "brpop" for line in self.redis.client_list())

    def _simulator(self) -> Part:
        ready_file = self.folder / "simulator.json"
        ready_file.unlink(missing_ok=True)
        part = parts.simulator(self.env, (), ready_file, self._simulator_port)
        return replace(part, argv=[*part.argv, "--operation-seconds", str(self._operation_seconds)])

    def _web(self) -> Part:
        return parts.web(self.env, (), self._listener.fileno())

    def _worker(self) -> Part:
        return parts.worker(self.env, ())

    def _second_worker(self) -> Part:
        return replace(parts.worker(self.env, ()), name="second_worker")

    def _clock(self) -> Part:
        return parts.clock(self.env, ())

    def _second_clock(self) -> Part:
        return replace(parts.clock(self.env, ()), name="second_clock")

    def runs(self, name: str) -> bool:
        return name in self._stack.pids

    def kill(self, name: str) -> None:
        """kill -9 of the part and of all that it started."""
        if self.runs(name):
            os.killpg(self._stack.pids[name], signal.SIGKILL)
        self._stack.stop(name)

    def signal(self, name: str, number: signal.Signals) -> None:
        os.kill(self._stack.pids[name], number)

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def kill_valkey(self) -> None:
        """kill -9; what it knew is gone, for it writes nothing to the disk."""
        os.kill(self.servers.pids["valkey"], signal.SIGKILL)
        eventually(self.servers.ended, "the end of Valkey")

    def restart_valkey(self) -> None:
        """Empty, on the same port."""
        self.servers.revive()

    # --- its doors ----------------------------------------------------------------------------------------------------

    def client(self, name: str) -> Client:
        return Client(self.base_url, **self.template.clients[name])

    def offer(self, generation_id: str, kind: str) -> None:
        """Sends the job to the workers, as the clock does when it is due."""
        self._celery.send_task("generations.advance", kwargs={"generation_id": generation_id}, queue=kind)

    def calls(self) -> list[dict[str, Any]]:
        """What the simulator was asked for, oldest first."""
        answer: Answer = self.simulator.call("GET", "/_simulator/calls")
        found: list[dict[str, Any]] = answer.json["calls"]
        return found

    # --- its database -------------------------------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(url_of(self.database), autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[call-overload]

    def stream_the_texts_of(self, *models: str) -> None:
        """From now on every job of these models is streamed, whether its client listens or not."""
        with psycopg.connect(url_of(self.database), autocommit=True) as connection:
            connection.execute(
                "CREATE FUNCTION stream_it() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN NEW.streamed := true; RETURN NEW; END $$"
            )
            condition = sql.SQL("NEW.model IN ({})").format(sql.SQL(", ").join(map(sql.Literal, models)))
            trigger = (
                "CREATE TRIGGER stream_it BEFORE INSERT ON generations FOR EACH ROW WHEN ({}) EXECUTE FUNCTION {}()"
            )
            connection.execute(sql.SQL(trigger).format(condition, sql.Identifier("stream_it")))

    def value(self, query: str, *values: Any) -> Any:
        [row] = self.rows(query, *values)
        [value] = row.values()
        return value

    def state(self, generation_id: str) -> dict[str, Any]:
        """A job's row, without what is encrypted."""
        [row] = self.rows(
            "SELECT id, kind, model, status, error_code, cost, estimate, charged, attempts_made, lease_token, "
            "next_check_at, cancel_requested_at, finished_at FROM generations WHERE id = %s",
            generation_id,
        )
        return row

    def usage(self, generation_id: str) -> list[dict[str, Any]]:
        """The ledger of a job, oldest first."""
        return self.rows("SELECT * FROM usage_logs WHERE reference = %s ORDER BY created_at, id", generation_id)

    def calls_of(self, generation_id: str) -> list[dict[str, Any]]:
        """The simulator's calls that were made for a job, oldest first."""
        rows = self.rows("SELECT id FROM generation_attempts WHERE generation_id = %s", generation_id)
        attempts = {str(row["id"]) for row in rows}
        return [call for call in self.calls() if call["attempt"] in attempts]

    def open_jobs(self) -> list[dict[str, Any]]:
        return self.rows(
            "SELECT id, model, status, attempts_made, lease_expires_at, next_check_at FROM generations "
            "WHERE status IN ('queued', 'running')"
        )

    def held(self) -> Decimal:
        held: Decimal = self.value("SELECT coalesce(sum(held), 0) AS held FROM quota_periods")
        return held

    def wait_for(self, generation_id: str, *statuses: str, seconds: float = 30.0) -> dict[str, Any]:
        """The job's row once it has one of the statuses."""
        return eventually(
            lambda: row if (row := self.state(generation_id))["status"] in statuses else None,
            f"{' or '.join(statuses)} of {generation_id} ({self.state(generation_id)})",
            seconds,
        )

    def wait_until_all_have_ended(self, seconds: float = 60.0) -> float:
        """How long it took; fails with the jobs that are still open."""
        started = time.monotonic()
        while left := self.open_jobs():
            assert time.monotonic() - started < seconds, f"open after {seconds:g} s: {left}"
            time.sleep(0.1)
        return time.monotonic() - started

    # --- its books ----------------------------------------------------------------------------------------------------

    def assert_the_books_balance(self) -> None:
        """Nothing is in flight, and tables, simulator, files and Valkey tell one and the same story."""
        problems = problems_of(self)
        assert not problems, "\n".join(problems)
        eventually(lambda: self.redis.zcard("hub:due") == 0, "the end of the last look at a job", 15)
