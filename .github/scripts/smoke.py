"""Whether a deployed hub serves: called by the deploy workflow, needs nothing but Python.

    smoke.py https://hub.example.com [SECONDS]

Waits until /readyz says that database, migrations, broker and storage are ready (300 seconds at most), then asks what a
client without a key asks and expects to be refused in the hub's own words. Exit status 1 with one line otherwise.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

PATIENCE_SECONDS = 300.0
PAUSE_SECONDS = 3.0


class NotServing(Exception):
    """What the hub answered instead."""


def main(argv: Sequence[str]) -> int:
    """Prints one line."""
    if not argv or not argv[0].startswith(("https://", "http://")):
        print("usage: smoke.py https://hub.example.com [SECONDS]", file=sys.stderr)
        return 1
    base, seconds = argv[0].rstrip("/"), float(argv[1]) if len(argv) > 1 else PATIENCE_SECONDS
    try:
        _wait_until_ready(base, seconds)
        _expect(base, "/livez", 200, "status", "ok")
        _expect(base, "/api/v1/generations", 401, "status", 401)
    except NotServing as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{base} is ready and refuses strangers.")
    return 0


def _wait_until_ready(base: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        status, content = _asked(base + "/readyz")
        if status == 200:
            return
        if time.monotonic() > deadline:
            raise NotServing(f"/readyz says {status} after {seconds:g} seconds: {json.dumps(content)[:300]}")
        time.sleep(min(PAUSE_SECONDS, seconds))


def _expect(base: str, path: str, status: int, name: str, value: Any) -> None:
    found, content = _asked(base + path)
    if found != status or not isinstance(content, dict) or content.get(name) != value:
        raise NotServing(f"{path} says {found} with {json.dumps(content)[:300]}, not {status} with {name} {value!r}")


def _asked(url: str) -> tuple[int, Any]:
    """Status and JSON, (0, reason) when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # only ever the address on the command line
            return answer.status, _content(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, _content(error.read())
    except (OSError, ValueError) as error:
        return 0, str(error)


def _content(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")[:200]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
