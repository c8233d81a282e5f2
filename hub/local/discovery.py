"""How other processes find the embedded servers that run on a directory: `local.json` in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hub.local.errors import file_errors_explained
from hub.local.files import read_json, write_private_json
from hub.local.ports import answers
from hub.local.process import alive


@dataclass(frozen=True, slots=True)
class LocalUrls:
    """The running servers: their URLs (None for one that was not asked for), their process ids, and who holds them."""

    database_url: str | None
    database_url_direct: str | None
    redis_url: str | None
    pids: Mapping[str, int]
    supervisor: int


def running_urls(var: Path) -> LocalUrls | None:
    """The servers that run on `var`, seen to be alive and to accept connections; None when there are none."""
    urls = published_urls(var)
    if urls is None or not all(alive(pid) for pid in (urls.supervisor, *urls.pids.values())):
        return None
    ports = [urlsplit(url).port for url in (urls.database_url, urls.redis_url) if url]
    return urls if all(port and answers(port) for port in ports) else None


def published_urls(var: Path) -> LocalUrls | None:
    """What `local.json` says, whether or not it still holds."""
    with file_errors_explained(var):
        content = read_json(var / "local.json")
    try:
        return content and LocalUrls(**content)  # type: ignore[return-value]
    except TypeError:
        return None


def publish(var: Path, urls: LocalUrls) -> None:
    """Writes `local.json` (mode 600: the URLs hold passwords)."""
    content = {
        "database_url": urls.database_url,
        "database_url_direct": urls.database_url_direct,
        "redis_url": urls.redis_url,
        "pids": dict(urls.pids),
        "supervisor": urls.supervisor,
    }
    with file_errors_explained(var):
        write_private_json(var / "local.json", content)


def unpublish(var: Path) -> None:
    """Removes `local.json`; a second call does nothing."""
    (var / "local.json").unlink(missing_ok=True)
