"""The places where a value may stand in clear, each with the reason. What is found anywhere else is a leak."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.canary.places import LOG_OF_POSTGRES
from tests.canary.search import Finding, Place


@dataclass(frozen=True)
class Allowed:
    """Values of these kinds, in places of this name (`*` stands for anything)."""

    place: str
    kinds: tuple[str, ...]
    reason: str

    def covers(self, finding: Finding) -> bool:
        return finding.kind in self.kinds and fnmatchcase(finding.place, self.place)


WORDS = ("tag", "idempotency key", "description of a webhook", "key name")
# What an export gives to its owner: everything but secrets.
OWN = (
    *WORDS,
    "network",
    "request id",
    "ip address",
    "prompt",
    "parameter",
    "output",
    "webhook url",
    "metadata of a file",
)
ALLOWED: tuple[Allowed, ...] = (
    # --- words by which clients and staff find things again ---------------------------------------------------------
    Allowed("generations.tags", ("tag",), "words of the client's own for sorting; lists are filtered by them"),
    Allowed("usage_logs.tags", ("tag",), "the same, for sums by tag; an erasure empties them"),
    Allowed("generations.idempotency_key", ("idempotency key",), "random text of the client's own, unique by an index"),
    Allowed("api_keys.name", ("key name",), "what its owner tells the key apart by"),
    Allowed("webhook_endpoints.description", ("description of a webhook",), "what its owner tells it apart by"),
    # --- what says which request something was done for -------------------------------------------------------------
    *(
        Allowed(place, ("request id",), "follows a request through lines and rows: 64 characters, no spaces, no @")
        for place in ("*.request_id", "messages of Celery (*)*", "log of *", "files: trail.jsonl", "traces")
    ),
    # --- what is said by the database itself ------------------------------------------------------------------------
    Allowed(
        LOG_OF_POSTGRES,
        WORDS,
        "a row that the database refuses is quoted in its own log: of what stands in clear in the tables, nothing else",
    ),
    # --- files ------------------------------------------------------------------------------------------------------
    Allowed("files: media/uploads", ("metadata of a file",), "a file is kept as it was sent, byte for byte"),
    Allowed("files: media/generations", ("prompt",), "what a provider writes into the files that it makes"),
    Allowed("files: media/exports", OWN, "the account's own copy of its data; removed after EXPORT_KEPT_SECONDS"),
    # --- answers ----------------------------------------------------------------------------------------------------
    Allowed(
        "error bodies of the API",
        ("field name", "field name of a refusal", "parameter name of a refusal", "model name of a refusal"),
        "names that the caller has sent in the place of a name: without them the error cannot be understood",
    ),
    Allowed(
        "refusals of the pages",
        ("email", "key name", "key name of a refusal", "scope of a refusal"),
        "the page of who is signed in, with the form as it was filled in",
    ),
    Allowed("refusals of the pages", ("reset token",), "the form of whoever has the link, to try another password"),
    Allowed("manage.py create_client", ("api key",), "the key of the new client, shown this once"),
    Allowed("manage.py staff_permission", ("permission that there is not",), "the name that the operator mistyped"),
)


def leaks(findings: Iterable[Finding]) -> list[Finding]:
    """Those that no entry covers."""
    return [each for each in findings if not any(entry.covers(each) for entry in ALLOWED)]


def unused(findings: Iterable[Finding], places: Iterable[Place]) -> list[Allowed]:
    """Entries that cover nothing, of places that are there: what may stand there does not any more."""
    found, names = list(findings), {place.name for place in places}
    idle = [entry for entry in ALLOWED if not any(entry.covers(each) for each in found)]
    return [entry for entry in idle if entry.place in names or entry.place != LOG_OF_POSTGRES]
