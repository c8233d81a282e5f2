"""What an account has when its routes are measured: a modest number of rows behind each list, and objects to name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from generations.models import Event, Generation, WebhookDelivery, WebhookEndpoint
from generations.webhooks.signing import make_secret
from hub.common.ids import uuid7
from media import uploading
from media.models import Media
from tests.bench.accounts import Client
from tests.bench.wrong import WorkWentWrong
from tests.files import picture
from usage.models import UsageLog
from users.models import ApiKey, PrivacyRequest
from users.privacy.exporting import build_export
from users.privacy.requests import open_request
from users.services import issue_api_key

ROWS = 200
TEXT = "gemini-3.8-flash"
DAYS = 20
# Nothing listens there, and nobody sends there while the worker stands still.
HOOK = "http://127.0.0.1:9/hook"


@dataclass(frozen=True, slots=True)
class Rows:
    """`ids` is by the name of the parameter that a path has for it."""

    client: Client
    ids: dict[str, str]


def fill(client: Client) -> Rows:
    """ROWS generations with their ledger, files, deliveries; some endpoints and keys."""
    # First, as an export has all that is there, and most of the files are rows alone.
    export = _exports(client, 30)[-1]
    generations = Generation.objects.bulk_create(_generation(client, number) for number in range(ROWS))
    UsageLog.objects.bulk_create(_usage(client, generation) for generation in generations)
    Media.objects.bulk_create(_file(client, generation) for generation in generations[::2])
    endpoint = new_endpoints(client, 20)[0]
    deliveries = WebhookDelivery.objects.bulk_create(_delivery(endpoint, generation) for generation in generations)
    keys = new_keys(client, 30)
    ids = {"generation_id": generations[0], "media_id": new_file(client), "key_id": keys[0]}
    ids |= {"endpoint_id": endpoint, "delivery_id": deliveries[0], "privacy_request_id": export}
    return Rows(client, {name: str(row.pk) for name, row in ids.items()})


def new_keys(client: Client, number: int) -> list[ApiKey]:
    return [issue_api_key(owner=client.user, name=f"spare {each}")[0] for each in range(number)]


def new_endpoints(client: Client, number: int) -> list[WebhookEndpoint]:
    """As `create` makes them, without its bound on how many. The first takes all events, the others a rare one."""
    return WebhookEndpoint.objects.bulk_create(
        WebhookEndpoint(owner=client.user, url=HOOK, secret=make_secret(), events=[Event.BLOCKED] if each else [])
        for each in range(number)
    )


def new_file(client: Client) -> Media:
    """A small picture that is really there."""
    upload = SimpleUploadedFile("photo.png", picture())
    return uploading.upload(api_key=client.key, source=BytesIO(upload.read()), idempotency_key="")[0]


def _exports(client: Client, number: int) -> list[PrivacyRequest]:
    """One after the other, as there may be no two at once."""
    requests = []
    for _ in range(number):
        requests.append(open_request(user_id=client.user.pk, kind="export", asked_by=client.user.pk))
        if not build_export(request_id=requests[-1].pk):
            raise WorkWentWrong("An export was not built.")
    return requests


def _generation(client: Client, number: int) -> Generation:
    now = timezone.now() - timedelta(days=number % DAYS)
    return Generation(
        **{"owner": client.user, "api_key": client.key, "kind": "text", "model": TEXT, "adapter": "gemini"},
        **{"prompt": "Three sentences about the sea at night.", "parameters": {"max_output_tokens": 400}},
        **{"tags": [f"campaign-{number % 5}"], "status": "succeeded", "texts": ["The sea is dark tonight. " * 20]},
        **{"estimate": Decimal("0.0016"), "cost": Decimal("0.001"), "units": {"input_token": 10, "output_token": 265}},
        **{"rates": {"model": TEXT, "rates": []}, "request_id": str(uuid7()), "attempts_made": 1},
        **{"created_at": now, "started_at": now, "finished_at": now},
    )


def _usage(client: Client, generation: Generation) -> UsageLog:
    price = {"variant": "", "price_id": str(uuid7()), "usd": "0.0000003"}
    return UsageLog(
        **{"user": client.user, "api_key_id": client.key.pk, "reference": generation.pk, "attempt_id": uuid7()},
        **{"model": TEXT, "kind": "text", "units": generation.units, "latency_ms": 800, "outcome": "succeeded"},
        **{"prices": {"input_token": price, "output_token": price}, "cost": generation.cost, "tags": generation.tags},
        **{"estimate": generation.estimate, "confirmed": True, "estimated": False, "over_hold": False},
        **{"request_id": generation.request_id, "created_at": generation.created_at},
    )


def _file(client: Client, generation: Generation) -> Media:
    """The row alone."""
    return Media(
        **{"owner": client.user, "reference": generation.pk, "kind": "image", "mime_type": "image/png"},
        **{"bytes": 7139, "sha256": "0" * 64, "width": 60, "height": 40, "storage": "file"},
        **{"key": f"{generation.folder}/1-0.png", "created_at": generation.created_at},
    )


def _delivery(endpoint: WebhookEndpoint, generation: Generation) -> WebhookDelivery:
    return WebhookDelivery(
        **{"owner_id": endpoint.owner_id, "endpoint": endpoint, "event_id": uuid7(), "generation": generation},
        **{"event_type": Event.SUCCEEDED, "payload": {"type": str(Event.SUCCEEDED)}, "state": "delivered"},
        **{"attempts": 1, "delivered_at": generation.created_at, "created_at": generation.created_at},
    )
