"""Every error code that the hub can answer with: what docs/ERRORS.md and the examples of the schema are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc

from rest_framework.exceptions import APIException

from hub.api.handlers import TEXTS
from hub.api.problems import ADVICE, AWAY, FRAMEWORK_CODES, INVALID, OWN_WORDS
from hub.common.errors import HubError

# What the client can do, where the error itself does not say.
REMEDIES: Mapping[int, str] = {
    400: "Correct the request; the same one will be refused again.",
    401: "Send a valid API key as `Authorization: Bearer` or `x-goog-api-key`.",
    402: "Look at `GET /api/v1/quotas`; ask whoever runs the hub for a larger quota.",
    403: "Use a key that may do this, or ask its owner for one.",
    404: "Check the id and whose key is used; another account's object does not exist for you.",
    405: "Use one of the methods in the header `Allow`.",
    406: "Accept `application/json`.",
    409: "Fetch the object, look at its present state, and decide anew.",
    413: "Send less.",
    414: "Ask for less at a time.",
    415: "Send the content type that the operation takes.",
    416: "Ask for a range within the size, or leave `Range` out.",
    422: "Correct what is named; the same request will be refused again.",
    429: "Wait as long as `Retry-After` says, then send the request again.",
    431: "Send fewer or shorter header fields.",
    500: "Report the `request_id` to whoever runs the hub.",
    503: "Wait as long as `Retry-After` says, then send the same request with the same `Idempotency-Key`.",
}
HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_INVALID_FACTS = {"errors": "`[{field, message}]`, each field that is not valid"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One code, as a client reads about it."""

    code: str
    status: int
    title: str
    meaning: str
    remedy: str
    headers: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    is_for_operators: bool = False


class Contradiction(Exception):
    """Two errors have one code and differ in their status."""


def entries() -> list[Entry]:
    """Every code once, by status and code, of the error classes that are imported and of the framework.

    Raises Contradiction.
    """
    found: dict[str, Entry] = {}
    for entry in (*_of_classes(error_classes()), *_of_django(), *_of_the_framework()):
        known = found.setdefault(entry.code, entry)
        if known.status != entry.status:
            raise Contradiction(f"{entry.code} is {known.status} and {entry.status}")
    return sorted(found.values(), key=lambda entry: (entry.status, entry.code))


def error_classes(base: type[HubError] = HubError) -> Iterator[type[HubError]]:
    """Those that are imported and have a code of their own, the base's first."""
    for kind in base.__subclasses__():
        if "code" in vars(kind):
            yield kind
        yield from error_classes(kind)


def _of_classes(kinds: Iterable[type[HubError]]) -> Iterator[Entry]:
    for kind in kinds:
        yield Entry(
            code=kind.code,
            status=kind.status,
            title=kind.title,
            meaning=_first_paragraph(kind),
            remedy=kind.remedy or REMEDIES.get(kind.status, ""),
            headers=tuple(dict.fromkeys((*HEADERS.get(kind.status, ()), *kind.header_names))),
            facts=kind.fact_names,
            is_for_operators=kind.is_for_operators,
        )


def _first_paragraph(kind: type[HubError]) -> str:
    return " ".join(cleandoc(kind.__doc__ or kind.title).split("\n\n")[0].split())


def _of_the_framework() -> Iterator[Entry]:
    for kind, (code, title) in FRAMEWORK_CODES.items():
        status = 422 if code == "invalid_request" else kind.status_code
        facts = _INVALID_FACTS if code == "invalid_request" else {}
        meaning = INVALID if facts else _framework_meaning(kind)
        yield Entry(code, status, title, meaning, REMEDIES[status], HEADERS.get(status, ()), facts)


def _framework_meaning(kind: type[APIException]) -> str:
    return f"{OWN_WORDS.get(kind, str(kind.default_detail))} {ADVICE.get(kind, '')}".strip()


def _of_django() -> Iterator[Entry]:
    for status, (code, title, detail) in TEXTS.items():
        yield Entry(code, status, title, detail, REMEDIES[status], HEADERS.get(status, ()))


def markdown(of_jobs: str = "") -> str:
    """docs/ERRORS.md; `of_jobs` is a section about what is no answer to a request."""
    known = entries()
    clients = [entry for entry in known if not entry.is_for_operators]
    operators = [entry for entry in known if entry.is_for_operators]
    parts = [_INTRODUCTION, _table(clients), *filter(None, [of_jobs]), _OPERATORS, _table(operators)]
    return "\n".join(parts)


_INTRODUCTION = f"""# Errors

<!-- Made by `manage.py document_errors`; do not edit. -->

Every error is a problem document (RFC 9457, `application/problem+json`):

```json
{{"type": "urn:ai-generation-hub:error:not_found", "title": "Not found", "status": 404, "code": "not_found",
 "detail": "There is no such object, or it is not yours.", "request_id": "01995e6f-..."}}
```

`code` and `type` never change: decide by them, not by `title` or `detail`, which are for people. Some errors have
further members, listed below as facts, and headers beside `X-Request-ID`, which every answer has. A 5xx may be sent
again: "{AWAY}"
"""
_OPERATORS = """
## Errors of the operators' commands

These are printed by `manage.py` commands and never answered over REST.
"""


def _table(rows: Iterable[Entry]) -> str:
    head = "| code | status | title | meaning | what to do | headers and facts |\n|---|---|---|---|---|---|\n"
    return head + "".join(_row(entry) for entry in rows)


def _row(entry: Entry) -> str:
    carried = [f"`{name}`" for name in entry.headers]
    carried += [f"`{name}`: {text}" for name, text in sorted(entry.facts.items())]
    cells = (f"`{entry.code}`", entry.status, entry.title, entry.meaning, entry.remedy, "; ".join(carried))
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells).replace("  |", " |") + " |\n"
