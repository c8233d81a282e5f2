"""Reads what enterprise mode leaves in Cloud Storage. A key opens no bucket: only the machine's own credentials do."""

from __future__ import annotations

import re
from typing import BinaryIO
from urllib.parse import quote

import google.auth
from django.conf import settings
from google.auth.transport.requests import AuthorizedSession

from generations.providers.base import Billed, ProviderError

BASE_URL = "https://storage.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
PIECE_BYTES = 1024 * 1024
_ADDRESS = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220})/(.+)", re.DOTALL)


def download(uri: str, destination: BinaryIO) -> None:
    """Writes the object to `destination`, piece by piece. Raises ProviderError where the hub cannot read it."""
    match = _ADDRESS.fullmatch(uri)
    if match is None or settings.VERTEX_API_KEY:
        message = "The provider delivered to a place that the hub cannot read with an API key."
        raise ProviderError("provider_unsupported_output", message, billed=Billed.UNKNOWN)
    bucket, name = match.groups()
    url = f"{BASE_URL}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
    credentials, _ = google.auth.default(scopes=[SCOPE])
    with (
        AuthorizedSession(credentials) as session,  # type: ignore[no-untyped-call]
        session.get(url, stream=True, timeout=settings.PROVIDER_TIMEOUT_SECONDS) as answer,
    ):
        answer.raise_for_status()
        for piece in answer.iter_content(PIECE_BYTES):
            destination.write(piece)
