"""Ten attempts over three days, one at a time; who is gone or fails for days is left alone, and its owner told."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.core import mail
from django.utils import timezone

from audit.models import AuditLog
from generations.models import WebhookDelivery, WebhookEndpoint
from generations.webhooks import delivery as delivering
from generations.webhooks import slots
from generations.webhooks.delivery import JITTER, MOST_ATTEMPTS, PAUSES, Result, deliver, pause_seconds
from generations.webhooks.due import DELIVERIES
from generations.webhooks.tests.conftest import make_due
from hub.common.redis import redis_client
from tests.receiver import Answer, Receiver
from tests.rest import Caller

NewDelivery = Callable[..., WebhookDelivery]


def due_in(delivery: WebhookDelivery) -> float | None:
    score = redis_client().zscore(DELIVERIES.key, str(delivery.id))
    return None if score is None else float(score) - timezone.now().timestamp()


def test_the_schedule_has_ten_attempts_over_75_hours() -> None:
    assert MOST_ATTEMPTS == 10
    assert 75 * 3600 <= sum(PAUSES) < 76 * 3600
    assert list(PAUSES) == sorted(PAUSES)


@pytest.mark.parametrize("attempts", range(1, MOST_ATTEMPTS))
def test_a_pause_is_longer_than_its_plan_by_chance_and_never_shorter(attempts: int) -> None:
    pauses = {pause_seconds(attempts, Result(code=500)) for _ in range(50)}
    assert len(pauses) > 40
    assert PAUSES[attempts - 1] <= min(pauses)
    assert max(pauses) <= PAUSES[attempts - 1] * (1 + JITTER)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_is_the_end(delivery: WebhookDelivery, receiver: Receiver, status: int) -> None:
    receiver.will_answer(status)
    deliver(delivery_id=delivery.id)
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_response_code) == ("delivered", 1, status)
    assert delivery.delivered_at is not None
    assert len(receiver.received) == 1
    assert due_in(delivery) is None


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_any_other_status_is_tried_again(delivery: WebhookDelivery, receiver: Receiver, status: int) -> None:
    receiver.will_answer(status)
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert (delivery.last_response_code, delivery.last_error) == (status, "status")
    assert delivery.next_attempt_at is not None
    assert 4 < (delivery.next_attempt_at - timezone.now()).total_seconds() < 6
    assert 4 < (due_in(delivery) or 0) < 6


def test_it_sends_nothing_before_its_time(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.will_answer(500)
    deliver(delivery_id=delivery.id)
    deliver(delivery_id=delivery.id)
    assert len(receiver.received) == 1
    assert 4 < (due_in(delivery) or 0) < 7


def test_it_gives_up_after_the_tenth(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.will_answer(500)
    for expected in [*PAUSES, None]:
        make_due(delivery)
        deliver(delivery_id=delivery.id)
        delivery.refresh_from_db()
        if expected is not None:
            assert delivery.next_attempt_at is not None
            seconds = (delivery.next_attempt_at - timezone.now()).total_seconds()
            assert expected - 3 < seconds <= expected * (1 + JITTER)
    assert (delivery.state, delivery.attempts, delivery.next_attempt_at) == ("failed", 10, None)
    assert len(receiver.received) == 10
    assert due_in(delivery) is None
    assert WebhookEndpoint.objects.get().is_enabled


@pytest.mark.parametrize(
    ("wish", "least", "most"),
    [("600", 600, 661), ("999999", 86400, 95041), ("-5", 5, 6), ("soon", 5, 6), ("9" * 400, 5, 6), ("\u0663", 5, 6)],
)
def test_it_waits_as_long_as_a_busy_receiver_asks_up_to_a_day(wish: str, least: float, most: float) -> None:
    result = delivering._result(delivering.http.Answer(429, {"retry-after": wish}, b"", is_whole=True))
    assert least <= pause_seconds(1, result) <= most


def test_a_dead_workers_attempt_counts_and_another_worker_takes_over(
    delivery: WebhookDelivery, receiver: Receiver
) -> None:
    assert delivering._claim(delivery.id) is not None
    deliver(delivery_id=delivery.id)
    assert receiver.received == []
    make_due(delivery)
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("delivered", 2)


def test_a_worker_that_was_overtaken_writes_nothing(delivery: WebhookDelivery, receiver: Receiver) -> None:
    slow = delivering._claim(delivery.id)
    make_due(delivery)
    assert slow is not None
    assert delivering._claim(delivery.id) is not None
    with pytest.raises(delivering.Overtaken):
        delivering._take_in(slow, Result(code=500, error="status"))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("pending", 2, "")
    assert WebhookEndpoint.objects.get().consecutive_failures == 0


def test_a_worker_that_dies_at_the_last_attempt_leaves_a_failure(new_delivery: NewDelivery, receiver: Receiver) -> None:
    delivery = new_delivery(attempts=10)
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("failed", 10, "interrupted")
    assert receiver.received == []


def test_410_disables_at_once_and_tells_the_owner(
    new_delivery: NewDelivery, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    first, second = new_delivery(), new_delivery()
    receiver.will_answer(410)
    deliver(delivery_id=first.id)
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "gone")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.last_response_code, first.attempts) == ("failed", 410, 1)
    assert (second.state, second.attempts) == ("abandoned", 0)
    deliver(delivery_id=second.id)
    assert len(receiver.received) == 1
    row = AuditLog.objects.get(action="webhook_endpoint.disabled")
    assert (row.target_id, row.data) == (endpoint.id, {"reason": "gone", "abandoned_deliveries": 1})
    [letter] = mail.outbox
    assert letter.to == [endpoint.owner.email]
    assert str(endpoint.id) in letter.body
    assert endpoint.url not in letter.body
    assert endpoint.secret not in letter.body


@pytest.mark.parametrize(
    ("days", "failures", "is_disabled"), [(5.1, 9, True), (4.9, 100, False), (5.1, 3, False), (30, 50, True)]
)
def test_one_that_fails_for_days_is_disabled(
    delivery: WebhookDelivery, receiver: Receiver, days: float, failures: int, is_disabled: bool
) -> None:
    since = timezone.now() - timedelta(days=days)
    WebhookEndpoint.objects.update(failing_since=since, consecutive_failures=failures)
    receiver.will_answer(500)
    deliver(delivery_id=delivery.id)
    endpoint = WebhookEndpoint.objects.get()
    delivery.refresh_from_db()
    assert endpoint.disabled_reason == ("failing" if is_disabled else "")
    assert delivery.state == ("abandoned" if is_disabled else "pending")
    assert (due_in(delivery) is None) == is_disabled
    assert len(mail.outbox) == int(is_disabled)


def test_failures_are_counted_and_a_success_forgets_them(new_delivery: NewDelivery, receiver: Receiver) -> None:
    receiver.will_answer(500, 500, 200)
    for expected in (1, 2, 0):
        deliver(delivery_id=new_delivery().id)
        endpoint = WebhookEndpoint.objects.get()
        assert endpoint.consecutive_failures == expected
        assert (endpoint.failing_since is None) == (expected == 0)


def test_nothing_is_told_where_there_is_no_mail(delivery: WebhookDelivery, receiver: Receiver, settings: Any) -> None:
    settings.MAIL_IS_SENT = False
    receiver.will_answer(410)
    deliver(delivery_id=delivery.id)
    assert mail.outbox == []
    assert not WebhookEndpoint.objects.get().is_enabled


def test_a_mail_server_that_is_away_harms_nothing(
    delivery: WebhookDelivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionRefusedError("cannot reach caller1@example.org")

    monkeypatch.setattr("users.notices.send_mail", away)
    receiver.will_answer(410)
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    assert "ConnectionRefusedError" in caplog.text
    assert "@example.org" not in caplog.text


@pytest.mark.parametrize("changes", [{"disabled_reason": "paused", "disabled_at": "2026-01-01T00:00:00Z"}])
def test_what_is_sent_off_to_one_that_was_turned_off_is_abandoned(
    delivery: WebhookDelivery, receiver: Receiver, changes: dict[str, Any]
) -> None:
    WebhookEndpoint.objects.update(**changes)
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("abandoned", 0)
    assert receiver.received == []


def test_what_arrives_while_its_endpoint_is_turned_off_has_arrived(delivery: WebhookDelivery) -> None:
    claimed = delivering._claim(delivery.id)
    assert claimed is not None
    delivering.disable(endpoint_id=delivery.endpoint_id, reason="paused")
    delivering._take_in(claimed, Result(code=200))
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(delivery: WebhookDelivery, receiver: Receiver, status: int) -> None:
    receiver.will_answer(Answer(status, {"Location": f"{receiver.url}/elsewhere"}))
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == ("pending", "redirect_not_followed")
    assert [request.path for request in receiver.received] == ["/hook"]


def test_who_does_not_answer_in_time_is_tried_again(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.will_answer(Answer(before_seconds=1.5))
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error, delivery.last_response_code) == ("pending", "timeout", None)


def test_an_endless_answer_is_cut_and_counts(delivery: WebhookDelivery, receiver: Receiver) -> None:
    receiver.will_answer(Answer(200, pieces=[b"x" * 65536] * 100))
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


def test_a_host_that_has_moved_inside_is_not_sent_to(
    delivery: WebhookDelivery, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = []
    WebhookEndpoint.objects.filter(id=delivery.endpoint_id).update(url=f"https://127.0.0.1:{receiver.port}/hook")
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == ("pending", "address_refused")
    assert receiver.received == []


def test_one_accounts_slow_receivers_do_not_keep_all_workers_busy(
    delivery: WebhookDelivery, receiver: Receiver, caller: Caller, stranger: Caller
) -> None:
    busy = slots.key_of(caller.user.id)
    now = time.time()
    redis_client().zadd(busy, {f"other {n}": now + 30 for n in range(slots.MOST_AT_ONCE)})
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, receiver.received) == ("pending", 0, [])
    assert 0 < (due_in(delivery) or 0) < 4
    with slots.slot(owner_id=stranger.user.id, delivery_id=delivery.id) as has_slot:
        assert has_slot
    # The worker of one of them died.
    redis_client().zadd(busy, {"other 0": now - 1})
    deliver(delivery_id=delivery.id)
    assert len(receiver.received) == 1
    assert redis_client().zcard(busy) == slots.MOST_AT_ONCE - 1


def test_it_sends_while_redis_is_away(
    delivery: WebhookDelivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise redis.ConnectionError

    for module in ("hub.common.due_set", "generations.webhooks.slots"):
        monkeypatch.setattr(f"{module}.redis_client", away)
    deliver(delivery_id=delivery.id)
    delivery.refresh_from_db()
    assert delivery.state == "delivered"
