"""The rights over one's own data: an export, an erasure."""

from __future__ import annotations

import os
from pathlib import Path

from generation_hub.encoding import Known, at, id_of
from generation_hub.errors import BadAnswer
from generation_hub.exchange import fetched, pages
from generation_hub.operations.downloads import Described, Progress, file_at, saved
from generation_hub.operations.media import all_of, opened_content
from generation_hub.options import Options
from generation_hub.plan import Flow, Plan, Request
from generation_hub.shapes.common import Page
from generation_hub.shapes.privacy import ErasurePlan, PrivacyRequest

REQUESTS = "/me/privacy-requests"
ERASURE = "/me/erasure"


def export(options: Options) -> Plan[PrivacyRequest]:
    """Asks for a ZIP of everything that the hub has of the account; raises Conflict while another is being built."""
    return (yield from fetched(options, PrivacyRequest, Request(method="POST", path="/me/export", body={})))


def erasure(options: Options, *, confirm: Known) -> Plan[PrivacyRequest]:
    """Erases the account for ever: no key of it works any more. `confirm` is the account, `me.get()`, or its id.

    Raises Conflict when something stands against it: `erasure_plan` says beforehand.
    """
    request = Request(method="POST", path=ERASURE, body={"confirm": id_of(confirm)})
    return (yield from fetched(options, PrivacyRequest, request))


def erasure_plan(options: Options) -> Plan[ErasurePlan]:
    """What an erasure would erase, and what stands against it; nothing is changed."""
    return (yield from fetched(options, ErasurePlan, Request(method="POST", path=ERASURE, body={"dry_run": True})))


def list_(options: Options, *, limit: int | None = None, cursor: str | None = None) -> Flow[Page[PrivacyRequest]]:
    """The exports and erasures that were asked for, newest first; `limit` is the size of a page."""
    return pages(options, PrivacyRequest, REQUESTS, {"limit": limit, "cursor": cursor})


def get(options: Options, request: Known) -> Plan[PrivacyRequest]:
    """What became of one request."""
    return (yield from fetched(options, PrivacyRequest, Request(method="GET", path=at(REQUESTS, request))))


def content(options: Options, request: Known) -> Plan[bytes]:
    """The ZIP of an export, in memory; `download` keeps a large one out of it. Raises Conflict until it is ready."""
    return (yield from all_of(options, _content_of(request)))


def download(
    options: Options, request: Known, path: str | os.PathLike[str], *, progress: Progress | None = None
) -> Plan[Path]:
    """Writes the ZIP of an export to `path` and returns it: whole, with its SHA-256 checked, or not at all.

    A broken connection is taken up where an object store has it, else begun with anew. Raises Conflict until it is
    ready, RequestRefused when it has expired, and DownloadDamaged.
    """
    target = file_at(path)
    described = yield from _described(options, request)
    return (yield from saved(options, target, described, progress))


def _described(options: Options, request: Known) -> Plan[Described]:
    # One that came with an answer may be of a time before it was ready.
    known = request if isinstance(request, PrivacyRequest) and request.archive else (yield from get(options, request))
    if known.archive is None:
        # The hub says why not: it is not ready, it has expired, it is no export.
        yield from opened_content(options, _content_of(known))
        known = yield from get(options, known)
    if known.archive is None:
        raise BadAnswer(f"The hub has the file of {known.id} and does not describe it.")
    archive = known.archive
    return Described(id=known.id, content=_content_of(known), bytes=archive.bytes, sha256=archive.sha256)


def _content_of(request: Known) -> str:
    return at(REQUESTS, request, "/content")
