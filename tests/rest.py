"""A client of the REST API, as a test sees one, and the state of the world that a refusal must not change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Sum
from django.test import Client

from audit.models import AuditLog
from generations import due
from generations.models import Generation, GenerationAttempt, GenerationInput, WebhookDelivery, WebhookEndpoint
from media.models import Media, Removal
from usage.models import QuotaHold, QuotaPeriod, UsageDaily, UsageLog
from users.models import ApiKey, PrivacyRequest, User
from users.services import issue_api_key

PROBLEM = "application/problem+json"
GENERATIONS = "/api/v1/generations"
MEDIA = "/api/v1/media"


@dataclass
class Caller:
    """Calls with its key, in whatever form the test wants to send it."""

    user: User
    key: ApiKey
    text: str
    client: Client = field(default_factory=Client)

    def with_scopes(self, scopes: Iterable[str]) -> Caller:
        """The same account with a key that may do no more than this."""
        key, text = issue_api_key(owner=self.user, name="limited", scopes=tuple(scopes))
        return Caller(self.user, key, text)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """`body` goes as JSON; names of headers have underscores for dashes."""
        named = {"Authorization": f"Bearer {self.text}"} | {
            name.replace("_", "-"): text for name, text in headers.items()
        }
        send = getattr(self.client, method.lower())
        if body is None:
            return send(path, headers=named)
        return send(path, body, content_type="application/json", headers=named)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)

    def upload(self, content: bytes, *, name: str = "photo.png", declared: str = "", **headers: str) -> Any:
        """Sends a file; `declared` is the type that the client says it has."""
        file = SimpleUploadedFile(name, content, declared or "application/octet-stream")
        return self.send_form({"file": file}, **headers)

    def send_form(self, form: dict[str, Any], **headers: str) -> Any:
        """A multipart form."""
        named = {"Authorization": f"Bearer {self.text}"} | {
            key.replace("_", "-"): text for key, text in headers.items()
        }
        return self.client.post(MEDIA, form, headers=named)

    def submit(self, **order: Any) -> Any:
        """A small text job unless the test says otherwise."""
        return self.post(GENERATIONS, {"model": "gemini-3.8-flash", "prompt": "The sea at night.", **order})


def world() -> dict[str, Any]:
    """Whatever a refused request must leave as it is."""
    tables = (
        *(Generation, GenerationAttempt, GenerationInput, Media, Removal),
        *(QuotaHold, QuotaPeriod, UsageLog, UsageDaily, AuditLog),
        *(WebhookEndpoint, WebhookDelivery, ApiKey, PrivacyRequest),
    )
    return {
        **{table.__name__: table.objects.count() for table in tables},
        **QuotaPeriod.objects.aggregate(held=Sum("held"), spent=Sum("spent")),
        "due": due.waiting(),
    }


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is a whole problem document with this status and code; returns it."""
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"].endswith(f":{code}")
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer["X-Request-ID"]
    return problem
