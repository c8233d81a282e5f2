"""Waits until the processes of the local stack do what they are there for."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import redis

from hub.local.errors import LocalServerError
from hub.local.stack import Stack

READY_SECONDS = 90.0
POLL_SECONDS = 0.1


class Stopped(Exception):
    """The reader asked to stop while something was waited for."""


def wait_until(holds: Callable[[], bool], what: str, stack: Stack, stopped: threading.Event) -> None:
    """Returns when `holds`; raises Stopped, or LocalServerError when a part has ended or READY_SECONDS are over."""
    deadline = time.monotonic() + READY_SECONDS
    while not holds():
        stack.check()
        if time.monotonic() > deadline:
            raise LocalServerError(f"{what} did not happen within {READY_SECONDS:.0f} seconds; look into the logs.")
        if stopped.wait(POLL_SECONDS):
            raise Stopped


def web_is_ready(base_url: str) -> bool:
    """Whether `/readyz` says 200."""
    try:
        with urllib.request.urlopen(f"{base_url}/readyz", timeout=5) as answer:
            return bool(answer.status == http.client.OK)
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False


def worker_listens(redis_url: str) -> bool:
    """Whether somebody waits at the queues. (Celery's own ping is switched off with its remote control.)"""
    try:
        with redis.Redis.from_url(redis_url, socket_timeout=5) as client:
            return any(line.get("cmd") == "brpop" for line in client.client_list())
    except redis.RedisError:
        return False


def url_in(ready_file: Path) -> str | None:
    """The URL that the simulator wrote; None before it did."""
    try:
        return str(json.loads(ready_file.read_text(encoding="utf-8"))["url"])
    except (FileNotFoundError, ValueError):
        return None
