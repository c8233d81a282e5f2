"""What of a report may leave the hub: the error, where it happened, and for which request id."""

from __future__ import annotations

from typing import Any

from hub.common.request_id import current_request_id
from hub.redaction import redacted

# Who asked, with what, and from which machine's environment: nothing of that helps to mend an error.
DROPPED = ("user", "server_name", "modules")
OF_REQUEST = ("method", "url")


def scrub(event: dict[str, Any], hint: object = None) -> dict[str, Any]:
    """The event without people and secrets; every text in it redacted, values of variables and breadcrumbs gone."""
    kept = {name: value for name, value in event.items() if name not in (*DROPPED, "breadcrumbs")}
    if "request" in kept:
        kept["request"] = _request(kept["request"])
    for part in ("exception", "threads"):
        for entry in kept.get(part, {}).get("values", ()):
            _without_variables(entry)
    # Celery's integration puts a task's arguments there.
    kept.pop("extra", None)
    clean: dict[str, Any] = redacted(kept)
    clean.setdefault("tags", {})["request_id"] = current_request_id() or "-"
    return clean


def _request(request: dict[str, Any]) -> dict[str, Any]:
    kept = {name: request[name] for name in OF_REQUEST if name in request}
    if "url" in kept:
        kept["url"] = str(kept["url"]).partition("?")[0]
    return kept


def _without_variables(entry: dict[str, Any]) -> None:
    for frame in (entry.get("stacktrace") or {}).get("frames", ()):
        frame.pop("vars", None)
