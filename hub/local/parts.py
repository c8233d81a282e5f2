"""The processes of the hub as the local stack runs them, and which provider they talk to."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hub.env import BASE_DIR
from hub.local.stack import Part

PLACEHOLDER = "simulator"
# Any of these says that the operator means Google, not the simulator.
GOOGLE = ("GEMINI_API_KEY", "VERTEX_API_KEY", "GOOGLE_CLOUD_PROJECT")
KEY_OF = {"GEMINI_BASE_URL": "GEMINI_API_KEY", "VERTEX_BASE_URL": "VERTEX_API_KEY"}
QUEUES = "text,image,video,music,webhooks"
# How long a request may go on when the web process is told to stop, and a job when the worker is.
WEB_SECONDS = 5
JOB_SECONDS = 15.0

KILLED = signal.SIGKILL


class Provider(NamedTuple):
    """Settings for the hub's processes, and one line for the reader."""

    env: dict[str, str]
    line: str


def is_set(env: Mapping[str, str], name: str) -> bool:
    """Whether the setting is given, by value or by file."""
    return bool(env.get(name) or env.get(f"{name}_FILE"))


def wants_simulator(env: Mapping[str, str], *, without: bool) -> bool:
    """The simulator stands in unless it is declined or a credential for Google is set."""
    return not without and not any(is_set(env, name) for name in GOOGLE)


def provider(env: Mapping[str, str], simulator_url: str | None) -> Provider:
    """Where the hub's processes send their requests. The SDK insists on a key, so a URL without one gets a word."""
    if simulator_url:
        urls = dict.fromkeys(KEY_OF, simulator_url)
        line = f"the simulator at {simulator_url} (set GEMINI_API_KEY to use Google)"
        # Its videos take two seconds; Google's usual pause between two looks would be most of the waiting.
        pause = {"PROVIDER_POLL_SECONDS": env.get("PROVIDER_POLL_SECONDS") or "1"}
        return Provider(urls | dict.fromkeys(KEY_OF.values(), PLACEHOLDER) | pause, line)
    keys = {key: PLACEHOLDER for url, key in KEY_OF.items() if is_set(env, url) and not is_set(env, key)}
    upstream = [env[url] for url in KEY_OF if env.get(url)]
    if upstream:
        return Provider(keys, " and ".join(dict.fromkeys(upstream)))
    if any(is_set(env, name) for name in GOOGLE):
        return Provider({}, "Google")
    return Provider({}, "none: set GEMINI_API_KEY, or run without `--without simulator`")


def simulator(env: Mapping[str, str], keep: tuple[int, ...], ready_file: Path, port: int) -> Part:
    """The stand-in for Google, on `port`, so that a restart finds the same clients; it writes `ready_file`."""
    argv = [sys.executable, "-m", "generations.simulator", "--port", str(port), "--ready-file", str(ready_file)]
    return Part("simulator", argv, BASE_DIR, env, KILLED, ((signal.SIGTERM, 3.0),), keep)


def web(env: Mapping[str, str], keep: tuple[int, ...], listener: int) -> Part:
    """gunicorn on a socket that is bound already, so that a restart loses neither the port nor a connection."""
    argv = [
        *(sys.executable, "-m", "gunicorn", "hub.asgi", "--bind", f"fd://{listener}"),
        *("--worker-class", "hub.serving.worker.HubWorker"),
        *("--logger-class", "hub.serving.logs.HubLogger", "--asgi-lifespan", "off"),
        *("--graceful-timeout", str(WEB_SECONDS), "--no-control-socket", "--log-level", "warning"),
    ]
    own = {"WEB_CONCURRENCY": "2", **env}
    # Killing gunicorn outright would leave its workers to notice by themselves; SIGQUIT ends them with it.
    return Part("web", argv, BASE_DIR, own, signal.SIGQUIT, ((signal.SIGTERM, WEB_SECONDS + 3.0),), (*keep, listener))


def worker(env: Mapping[str, str], keep: tuple[int, ...]) -> Part:
    """One Celery worker for every queue. Jobs survive its death, so a killed stack kills it."""
    argv = [
        *(sys.executable, "-m", "celery", "-A", "hub", "--quiet", "worker", "-P", "threads", "-c", "16", "-Q", QUEUES),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    # An arena of glibc's for each thread is memory that comes back late or never: two do, and the worker levels out.
    own = {"MALLOC_ARENA_MAX": "2", **env}
    return Part("worker", argv, BASE_DIR, own, KILLED, ((signal.SIGTERM, JOB_SECONDS), (signal.SIGQUIT, 2.0)), keep)


def clock(env: Mapping[str, str], keep: tuple[int, ...]) -> Part:
    """What sends due jobs to the worker."""
    argv = [sys.executable, str(BASE_DIR / "manage.py"), "clock"]
    return Part("clock", argv, BASE_DIR, env, KILLED, ((signal.SIGTERM, 10.0),), keep)
