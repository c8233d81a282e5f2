"""The client and a hub of real processes, from the order to the file; each story in both halves."""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest
from halves import AsyncHalf, SyncHalf

import generation_hub as g
from tests.files import picture
from tests.receiver import Receiver
from tests.stack import HubStack, eventually

pytestmark = pytest.mark.stack
Half = SyncHalf | AsyncHalf
TEXT, VIDEO, IMAGE = "gemini-3.8-flash", "veo-3.1-fast-generate-001", "gemini-3.1-flash-image"


@pytest.fixture
def hub(half: Half, stack: HubStack) -> g.Hub:
    """Typed as the synchronous one; what it gives is taken through `half`."""
    made: g.Hub = half.hub(stack.base_url, stack.rich.api_key, retry=g.Retry())
    return made


@pytest.fixture(scope="module", autouse=True)
def books(stack: HubStack) -> Iterator[None]:
    """Whatever the client has done, the hub's books balance in the end."""
    yield
    stack.wait_until_all_have_ended()
    stack.assert_the_books_balance()


def test_what_is_on_offer_has_prices_and_limits(half: Half, hub: g.Hub) -> None:
    models = {model.id: model for model in half.all(hub.models.list())}
    assert models[TEXT].kind == "text"
    assert all(isinstance(price.usd, Decimal) for price in models[TEXT].prices)
    assert models[VIDEO].parameters["duration_seconds"].enum
    assert models[VIDEO].inputs
    assert "first_frame" in models[VIDEO].inputs.roles


def test_a_text_from_the_quote_to_the_ledger(half: Half, hub: g.Hub) -> None:
    tag = f"story-{half.name}"
    quote = half.do(hub.quotes.make(model=TEXT, prompt="The sea at night."))
    assert quote.admitted
    assert all(policy.remaining_after_usd < policy.remaining_usd for policy in quote.policies)
    done = half.do(
        hub.generate(model=TEXT, prompt="The sea at night.", tags=[tag], quote=quote, max_cost=quote.amount_usd)
    ).check()
    assert done.text
    assert 0 < done.cost_usd <= done.estimate_usd == quote.amount_usd
    [listed] = half.all(hub.generations.list(tag=tag, status="succeeded"))
    assert listed == half.do(hub.generations.get(done)) == done
    [entry] = half.all(hub.usage.list(tag=tag))
    assert (entry.generation_id, entry.cost_usd, entry.units) == (done.id, done.cost_usd, done.usage)
    [total] = half.all(hub.usage.summary(group_by=["day", "model"], tag=tag))
    assert (total.model, total.cost_usd, total.requests) == (TEXT, done.cost_usd, 1)
    found = half.all(hub.audit.list(target_id=done.id))
    assert {"generation.submitted", "generation.succeeded"} <= {each.action for each in found}


def test_the_hub_holds_its_answer_until_the_end(half: Half, hub: g.Hub, stack: HubStack) -> None:
    before = stack.log("web").count("/api/v1/generations")
    done = half.do(hub.generate(model=VIDEO, prompt="Waves.", parameters={"duration_seconds": 4}))
    assert done.succeeded
    assert stack.log("web").count("/api/v1/generations") - before <= 2


def test_a_wait_that_is_too_short_says_how_far_it_is(half: Half, hub: g.Hub) -> None:
    slow = half.do(hub.generations.submit(model=VIDEO, prompt="Waves.", parameters={"duration_seconds": 4}))
    with pytest.raises(g.WaitTimeout) as caught:
        half.do(hub.wait(slow, timeout=0.01))
    assert caught.value.generation.id == slow.id
    assert half.do(hub.wait(slow, timeout=60)).succeeded


def test_every_change_is_told(half: Half, hub: g.Hub) -> None:
    job = half.do(hub.generations.submit(model=VIDEO, prompt="Dunes.", parameters={"duration_seconds": 4}))
    told = half.all(hub.events(job))
    assert [type(each) for each in told] == [g.StatusChange, g.StatusChange, g.Generation]
    assert [each.status for each in told] == ["queued", "running", "succeeded"]
    assert half.all(hub.events(job, last_event_id="3")) == []


def test_a_text_is_streamed_as_it_is_written(half: Half, hub: g.Hub) -> None:
    parts = half.all(hub.stream(model=TEXT, prompt="Five sentences about the tide."))
    *deltas, last = parts
    assert len(deltas) > 1
    assert all(isinstance(each, g.Delta) for each in deltas)
    assert isinstance(last, g.Generation)
    assert "".join(each.text for each in deltas) == last.check().text
    assert half.do(hub.generations.get(last)) == last


def test_one_key_makes_one_generation(half: Half, hub: g.Hub) -> None:
    key = f"once-{half.name}"
    made = [half.do(hub.generations.submit(model=TEXT, prompt="Once.", idempotency_key=key)) for _ in range(2)]
    assert made[0].id == made[1].id
    with pytest.raises(g.InvalidRequest) as caught:
        half.do(hub.generations.submit(model=TEXT, prompt="Twice.", idempotency_key=key))
    assert caught.value.code == "idempotency_key_reused"


def test_what_is_canceled_ends_and_cannot_be_canceled_again(half: Half, hub: g.Hub) -> None:
    job = half.do(hub.generations.submit(model=VIDEO, prompt="Clouds.", parameters={"duration_seconds": 4}))
    half.do(hub.generations.cancel(job))
    assert half.do(hub.wait(job, timeout=60)).ended
    with pytest.raises(g.Conflict):
        half.do(hub.generations.cancel(job))


def test_a_picture_becomes_a_film_that_is_downloaded(half: Half, hub: g.Hub, tmp_path: Path) -> None:
    (tmp_path / "sea.png").write_bytes(picture())
    sent = half.do(hub.media.upload(tmp_path / "sea.png"))
    assert (sent.source, sent.sha256) == ("uploaded", hashlib.sha256(picture()).hexdigest())
    assert half.do(hub.media.content(sent)) == picture()
    made = half.do(
        hub.generate(
            model=VIDEO, prompt="It moves.", inputs=[g.Input(sent, "first_frame")], parameters={"duration_seconds": 4}
        )
    ).check()
    [film] = made.files
    told: list[tuple[int, int]] = []
    path = half.do(hub.download(film, tmp_path / "sea.mp4", progress=lambda *at: told.append(at)))
    known = half.do(hub.media.get(film))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == known.sha256
    assert told[-1] == (film.bytes, film.bytes)
    part = path.with_name(f".{path.name}.{known.sha256[:16]}.part")
    part.write_bytes(path.read_bytes()[:100])
    path.unlink()
    assert half.do(hub.download(known, path)).stat().st_size == film.bytes
    assert told[0] == (0, film.bytes)
    half.do(hub.media.delete(sent))
    with pytest.raises(g.NotFound):
        half.do(hub.media.get(sent))
    assert known in half.all(hub.media.list(generation=made, source="generated"))


def test_all_of_the_ledger_is_exported(half: Half, hub: g.Hub, tmp_path: Path) -> None:
    half.do(hub.generate(model=TEXT, prompt="For the ledger."))
    path = half.do(hub.usage.export(tmp_path / "u.csv", model=TEXT))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    lines = half.do(hub.usage.export(tmp_path / "u.jsonl", format="jsonl", model=TEXT)).read_text().splitlines()
    listed = half.all(hub.usage.list(model=TEXT, limit=1))
    assert len(rows) == len(lines) == len(listed) > 0
    assert [json.loads(line)["id"] for line in lines] == [each.id for each in reversed(listed)]


def test_all_of_ones_data_is_taken_along(half: Half, hub: g.Hub, tmp_path: Path) -> None:
    made = half.do(hub.generate(model=TEXT, prompt=f"To take along, {half.name}."))
    asked = half.do(hub.me.export())
    assert (asked.kind, asked.archive, asked.finished_at) == ("export", None, None)
    ready = eventually(lambda: (found := half.do(hub.privacy_requests.get(asked))).archive and found, "the export")
    path = half.do(hub.privacy_requests.download(asked, tmp_path / "all.zip"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == ready.archive.sha256
    assert half.do(hub.privacy_requests.content(ready)) == path.read_bytes()
    with ZipFile(path) as archive:
        assert made.id in archive.read("data/generations.json").decode()
    assert half.all(hub.privacy_requests.list(limit=1))[0] == ready


def test_an_erasure_is_told_beforehand_and_has_to_be_meant(half: Half, hub: g.Hub) -> None:
    half.do(hub.generate(model=TEXT, prompt="To stay."))
    assert half.do(hub.me.erasure_plan()).counts["generations"] > 0
    with pytest.raises(g.InvalidRequest) as caught:
        half.do(hub.me.erasure(confirm=half.do(hub.me.get()).api_key))
    assert [each.field for each in caught.value.errors] == ["confirm"]
    assert half.do(hub.me.get()).status == "active"
    assert "anonymise" not in {each.kind for each in half.all(hub.privacy_requests.list())}


def test_a_key_is_made_rotated_and_revoked(half: Half, hub: g.Hub, stack: HubStack) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    scopes = ["generations:read", "account:read"]
    made = half.do(hub.api_keys.create(name="n", scopes=scopes, caps={"day": "1.50"}, expires_at=tomorrow))
    assert made.caps[0].limit_usd == Decimal("1.5")
    limited = half.hub(stack.base_url, made.api_key)
    me = half.do(limited.me.get())
    assert (me.api_key.id, me.id) == (made.id, stack.rich.id)
    with pytest.raises(g.PermissionDenied) as caught:
        half.do(limited.generations.submit(model=TEXT, prompt="No."))
    assert caught.value.code == "scope_missing"
    assert caught.value.facts["required_scope"] == "generations:write"
    rotated = half.do(hub.api_keys.rotate(made, end_former_now=True))
    with pytest.raises(g.AuthenticationFailed):
        half.do(limited.me.get())
    half.do(hub.api_keys.revoke(rotated))
    assert half.do(hub.api_keys.get(made)).status == "revoked"
    assert made.id in [each.id for each in half.all(hub.api_keys.list())]


def test_what_is_left_and_what_does_not_fit(half: Half, hub: g.Hub, stack: HubStack) -> None:
    [quota] = half.all(hub.quotas.list())
    assert quota.remaining_usd == quota.limit_usd - quota.spent_usd - quota.held_usd
    poor = half.hub(stack.base_url, stack.client("other").api_key)
    with pytest.raises(g.QuotaExceeded) as caught:
        half.do(poor.generations.submit(model="veo-3.1-generate-001", prompt="Too much."))
    [policy] = caught.value.policies
    assert policy.requested_usd > policy.remaining_usd
    assert half.all(poor.generations.list()) == []


def test_a_webhook_is_received_verified_and_sent_again(half: Half, hub: g.Hub, receiver: Receiver) -> None:
    receiver.received.clear()
    hook = half.do(hub.webhook_endpoints.create(f"{receiver.url}/{half.name}", events=["generation.succeeded"]))
    job = half.do(hub.generate(model=TEXT, prompt="Tell me."))
    [told] = eventually(lambda: list(receiver.received), "the webhook")
    event = g.verify_webhook(told.body, told.headers, hook.secret)
    assert (event.type, event.data.id) == ("generation.succeeded", job.id)
    with pytest.raises(g.WebhookInvalid):
        g.verify_webhook(told.body + b" ", told.headers, hook.secret)
    [delivery] = eventually(lambda: half.all(hub.webhook_deliveries.list(endpoint=hook, state="delivered")), "its end")
    assert (delivery.event_id, delivery.payload.data.id) == (event.id, job.id)
    rotated = half.do(hub.webhook_endpoints.rotate_secret(hook))
    again = half.do(hub.webhook_deliveries.redeliver(delivery))
    eventually(lambda: len(receiver.received) == 2, "the webhook again")
    for secret in (hook.secret, rotated.secret):
        assert g.verify_webhook(receiver.received[1].body, receiver.received[1].headers, secret).id == event.id
    assert half.do(hub.webhook_deliveries.get(again)).redelivery_of == delivery.id
    assert half.do(hub.webhook_endpoints.change(hook, enabled=False)).enabled is False
    assert half.do(hub.webhook_endpoints.get(hook)).disabled_reason == "paused"
    half.do(hub.webhook_endpoints.delete(hook))
    assert hook.id not in [each.id for each in half.all(hub.webhook_endpoints.list())]


def test_a_list_is_read_to_its_end_whatever_the_page(half: Half, hub: g.Hub) -> None:
    for number in range(3):
        half.do(hub.generate(model=TEXT, prompt=f"Number {number}.", tags=[f"pages-{half.name}"]))
    everything = half.all(hub.generations.list(tag=f"pages-{half.name}"))
    assert len(everything) == 3
    assert half.all(hub.generations.list(tag=f"pages-{half.name}", limit=1)) == everything
    page = half.do(hub.generations.list(tag=f"pages-{half.name}", limit=2).first_page())
    rest = half.all(hub.generations.list(tag=f"pages-{half.name}", limit=2, cursor=page.cursor))
    assert [*page.results, *rest] == everything


def test_a_wait_outlives_a_restart_of_the_web_process(half: Half, stack: HubStack) -> None:
    patient = g.Retry(attempts=50, longest_pause=1)
    hub = half.hub(stack.base_url, stack.rich.api_key, retry=patient)
    job = half.do(hub.generations.submit(model=VIDEO, prompt="Rain.", parameters={"duration_seconds": 8}))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: half.do(hub.wait(job, timeout=90)))
        time.sleep(0.2)
        stack.kill("web")
        stack.start("web")
        assert waiting.result().succeeded
