"""How long one user's single job takes, from its submission to its end, while another user has thousands queued."""

from __future__ import annotations

import http.client
import json
import time
from uuid import UUID

from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from generations.models import Generation
from generations.services import admission
from generations.services.admission import Lane
from generations.services.submit import Order, submit
from hub.common.ids import uuid7
from tests.bench import books
from tests.bench.accounts import Client
from tests.bench.figures import Figures
from tests.bench.house import House
from tests.bench.requests import texts
from tests.bench.wrong import WorkWentWrong
from usage.models import QuotaHold, QuotaPeriod

WAIT = "seconds from the submission of one job over REST to its end (provider answers after 0.05 s)"
RATIO = "that wait beside the one without a flood, medians of this run"
RATE = "jobs of the flood per second meanwhile"
LATENCY = 0.05
JOBS = 10
# Every job of the flood is admitted at once, as if there were no share.
NO_SHARE = dict.fromkeys(Generation.Kind.values, 1_000_000)
LOOK_SECONDS, PATIENCE_SECONDS = 0.005, 3600.0
PAGE = 1000


def measure(house: House, flooder: Client, other: Client, flood: int) -> Figures:
    """Without a flood, with it, and with it when nothing is held back. The flood has ended when this returns."""
    figures = Figures()
    [body] = texts(1, latency=LATENCY)
    names = {
        "alone": "without a flood",
        "fair": f"with a flood of {flood:,}",
        "unfair": f"with a flood of {flood:,}, without the share",
    }
    for _ in range(JOBS):
        figures.add(WAIT, names["alone"], _wait(house, other, body))
    with house.worker_paused():
        _pour(flooder, body, flood)
    open_before, started = _open(flooder), time.perf_counter()
    for _ in range(JOBS):
        figures.add(WAIT, names["fair"], _wait(house, other, body))
    if _open(flooder) == 0 and flood > JOBS * 10:
        raise WorkWentWrong("The flood ended before the measurement did.")
    figures.add(RATE, names["fair"], (open_before - _open(flooder)) / (time.perf_counter() - started))
    # Not paused: it might stand still with the lock that is needed here.
    with override_settings(CONCURRENCY_SHARE=NO_SHARE):
        _pour(flooder, body, flood - _open(flooder))
    started = time.perf_counter()
    figures.add(WAIT, names["unfair"], _wait(house, other, body))
    figures.add(RATE, names["unfair"], flood / (books.wait_until_ended(flooder.user) - started))
    for name in ("fair", "unfair"):
        figures.add(
            RATIO, f"{names[name]} / without it", _median(figures, names[name]) / _median(figures, names["alone"])
        )
    return figures


def _median(figures: Figures, name: str) -> float:
    waits = sorted(figures.rounds(WAIT, name))
    return waits[len(waits) // 2]


def _pour(client: Client, body: dict[str, str], number: int) -> None:
    """So many jobs in the queue of one user: one that is submitted, and copies of its row and of its hold."""
    job, _ = submit(api_key=client.key, order=Order(model=body["model"], prompt=body["prompt"]))
    hold = QuotaHold.objects.get(reference=job.id)
    for start in range(1, number, PAGE):
        ids = [uuid7() for _ in range(start, min(start + PAGE, number))]
        facts = {**_facts(job), "created_at": timezone.now(), "admitted_at": None}
        Generation.objects.bulk_create(Generation(**{**facts, "id": each}) for each in ids)
        QuotaHold.objects.bulk_create(QuotaHold(**{**_facts(hold), "id": uuid7(), "reference": each}) for each in ids)
        QuotaPeriod.objects.filter(id__in=hold.periods).update(held=F("held") + hold.amount * len(ids))
    admission.wake(Lane.of(job))


def _facts(row: Generation | QuotaHold) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _open(client: Client) -> int:
    return Generation.objects.open().filter(owner=client.user).count()


def _wait(house: House, client: Client, body: dict[str, str]) -> float:
    started = time.perf_counter()
    generation = Generation.objects.filter(id=_post(house, client, body))
    while generation.values_list("status", flat=True).get() in Generation.OPEN:
        if time.perf_counter() - started > PATIENCE_SECONDS:
            raise WorkWentWrong("The single job did not end.")
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - started


def _post(house: House, client: Client, body: dict[str, str]) -> UUID:
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)
    headers = {"Authorization": f"Bearer {client.key_text}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/generations", json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != http.client.ACCEPTED:
        raise WorkWentWrong(f"The single job was not admitted: {answer.status} {content.decode()}")
    return UUID(json.loads(content)["id"])
