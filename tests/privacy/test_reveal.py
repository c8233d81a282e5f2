"""Staff look at personal data for a reason, so often, and on record; and in no other way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from audit.actions import Action
from audit.models import AuditLog
from audit.services import record
from generations.models import Generation
from hub.common.rates import Rate
from tests.privacy.test_erasure import everything
from tests.rest import Caller
from users.models import ApiKey, PrivacyRequest, User, UserPermission
from users.privacy.legal_hold import set_legal_hold
from users.privacy.requests import erase_now
from users.services import create_user, issue_api_key

pytestmark = pytest.mark.django_db
REASON = "case 4711"


@pytest.fixture
def staff(settings: Any, log: Any) -> User:
    """May look at rows, and reveal what they hide."""
    settings.RATE_LIMIT_REVEAL = Rate(20, 3600, 20)
    user = create_user(email="staff@example.com", is_staff=True, password="correct-horse-battery")
    give(user, "reveal_personal_data", "view_user", "view_apikey", "view_generation", "view_auditlog")
    return user


@pytest.fixture
def console(staff: User) -> Client:
    client = Client(REMOTE_ADDR="192.0.2.200")
    client.force_login(staff)
    return client


@pytest.fixture
def job(caller: Caller, new_generation: Callable[..., Generation]) -> Generation:
    facts = {"parameters": {"system_instruction": "secret-system"}, "texts": ["secret-text <b>"]}
    return new_generation(caller.user, prompt="secret-prompt", status="succeeded", **facts)


@pytest.fixture
def entry(caller: Caller) -> AuditLog:
    return record(action=Action.API_KEY_REFUSED, actor_id=caller.user.id, ip="198.51.100.7", code="x")


def give(user: User, *codenames: str) -> None:
    for permission in Permission.objects.filter(codename__in=codenames):
        UserPermission.objects.get_or_create(user=user, permission=permission)


def page_of(row: User | ApiKey | Generation | AuditLog) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/reveal/"


def opened(client: Client, url: str) -> dict[str, str]:
    """What the form on the page would send."""
    [once] = re.findall(r'name="once" value="([0-9a-f-]{36})"', client.get(url).content.decode())
    return {"reason": REASON, "once": once}


def rows(request: pytest.FixtureRequest, name: str) -> tuple[Any, list[str]]:
    caller = request.getfixturevalue("caller")
    if name == "user":
        return caller.user, [caller.user.email]
    if name == "held":
        set_legal_hold(user=caller.user, until=timezone.now() + timedelta(days=9), reason="a dispute", actor=None)
        return caller.user, [caller.user.email, "a dispute"]
    if name == "key":
        key, _ = issue_api_key(owner=caller.user, name="bound", allowed_ips=["192.0.2.0/24"])
        return key, ["192.0.2.0/24"]
    if name == "job":
        return request.getfixturevalue("job"), ["secret-prompt", "secret-system", "secret-text &lt;b&gt;"]
    return request.getfixturevalue("entry"), ["198.51.100.7"]


@pytest.mark.parametrize(
    ("name", "target", "fields"),
    [
        ("user", "user", ["email"]),
        ("held", "user", ["email", "legal_hold_grounds"]),
        ("key", "api_key", ["networks"]),
        ("job", "generation", ["parameters", "prompt", "texts"]),
        ("entry", "audit_log", ["ip"]),
    ],
)
def test_it_is_shown_once_it_is_on_record(
    console: Client, staff: User, caller: Caller, request: Any, name: str, target: str, fields: list[str]
) -> None:
    row, values = rows(request, name)
    url = page_of(row)
    before = console.get(url.replace("reveal", "change")).content.decode()
    assert (url in before, [value for value in values if value in before]) == (True, [])
    answer = console.post(url, opened(console, url))

    shown = answer.content.decode()
    assert (answer.status_code, [value for value in values if value not in shown]) == (200, [])
    assert "no-store" in answer["Cache-Control"]
    [title] = re.findall(r"<title>(.*?)</title>", shown, re.DOTALL)
    assert [value for value in values if value in title] == []

    made = PrivacyRequest.objects.get()
    assert (made.user_id, made.kind, made.status) == (caller.user.id, "reveal", "done")
    assert (made.asked_by, made.reason, sum(made.counts.values())) == (staff.id, REASON, len(fields))
    noted = AuditLog.objects.get(action=Action.PRIVACY_REVEALED)
    assert (noted.actor_id, noted.target_type, noted.target_id) == (staff.id, target, row.id)
    assert (noted.subject_id, noted.ip, bool(noted.request_id)) == (caller.user.id, "192.0.2.200", True)
    assert noted.data == {"fields": fields, "privacy_request_id": str(made.id)}


def test_it_is_kept_nowhere(console: Client, caller: Caller) -> None:
    url = page_of(caller.user)
    answer = console.post(url, opened(console, url))
    kept = [str(each.get_decoded()) for each in Session.objects.all()]
    kept += [str(each) for each in AuditLog.objects.values()]
    kept += [str(each) for each in PrivacyRequest.objects.values("counts", "codes", "receipt")]
    assert [text for text in kept if caller.user.email in text or REASON in text] == []
    assert (set(answer.cookies), LogEntry.objects.count(), mail.outbox) == ({"csrftoken"}, 0, [])
    assert caller.user.email not in console.get(url).content.decode()
    assert caller.user.email not in console.get("/admin/").content.decode()


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_other_methods_change_and_reveal_nothing(console: Client, caller: Caller, method: str) -> None:
    before = everything()
    answer = getattr(console, method)(f"{page_of(caller.user)}?reason={REASON}&once={uuid4()}")
    assert answer.status_code == (200 if method in ("get", "head") else 405)
    assert caller.user.email not in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("lacking", ["reveal_personal_data", "view_user"])
def test_without_the_permission_there_is_no_page(console: Client, staff: User, caller: Caller, lacking: str) -> None:
    url = page_of(caller.user)
    form = opened(console, url)
    UserPermission.objects.filter(user=staff, permission__codename=lacking).delete()
    before = everything()
    assert {console.get(url).status_code, console.post(url, form).status_code} == {403}
    assert "Reveal" not in console.get(url.replace("reveal", "change")).content.decode()
    assert everything() == before


def test_who_is_not_signed_in_is_sent_to_sign_in(caller: Caller, staff: User) -> None:
    answer = Client().post(page_of(caller.user), {"reason": REASON, "once": str(uuid4())})
    assert (answer.status_code, answer["Location"].startswith("/admin/login/")) == (302, True)
    assert not PrivacyRequest.objects.exists()


def test_a_form_without_the_token_of_the_session_is_refused(staff: User, caller: Caller) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)
    answer = strict.post(page_of(caller.user), {"reason": REASON, "once": str(uuid4())})
    assert (answer.status_code, PrivacyRequest.objects.exists()) == (403, False)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "nul\x00"])
def test_without_a_reason_nothing_is_shown(console: Client, caller: Caller, reason: str) -> None:
    url = page_of(caller.user)
    form, before = opened(console, url), everything()
    answer = console.post(url, form | {"reason": reason})
    assert (answer.status_code, "Say why" in answer.content.decode()) == (422, True)
    assert caller.user.email not in answer.content.decode()
    assert everything() == before
    assert console.post(url, form).status_code == 200, "the form was not used up"


def test_a_form_that_is_sent_twice_counts_once(console: Client, caller: Caller) -> None:
    url = page_of(caller.user)
    form = opened(console, url)
    assert console.post(url, form).status_code == 200
    again = console.post(url, form)
    assert (again.status_code, "Open the form again" in again.content.decode()) == (409, True)
    assert caller.user.email not in again.content.decode()
    assert PrivacyRequest.objects.count() == AuditLog.objects.filter(action=Action.PRIVACY_REVEALED).count() == 1
    assert console.post(url, opened(console, url)).status_code == 200


def test_too_many_are_refused_for_that_member_of_the_staff_alone(
    console: Client, staff: User, caller: Caller, settings: Any
) -> None:
    settings.RATE_LIMIT_REVEAL = Rate(2, 3600, 2)
    url = page_of(caller.user)
    for _ in range(2):
        assert console.post(url, opened(console, url)).status_code == 200
    refused = console.post(url, opened(console, url))
    assert (refused.status_code, int(refused["Retry-After"]) > 60) == (429, True)
    assert caller.user.email not in refused.content.decode()
    assert PrivacyRequest.objects.count() == 2
    colleague = create_user(email="colleague@example.com", is_staff=True, is_superuser=True, password="x" * 20)
    other = Client()
    other.force_login(colleague)
    assert other.post(url, opened(other, url)).status_code == 200


@pytest.mark.parametrize("part", ["the form", "the limit"])
def test_while_nothing_can_be_counted_nothing_is_shown(
    console: Client, caller: Caller, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise redis.ConnectionError

    url = page_of(caller.user)
    form, before = opened(console, url), everything()
    module = "users.privacy.reveal.redis_client" if part == "the form" else "hub.common.rate_limit.impatient_client"
    monkeypatch.setattr(module, away)
    answer = console.post(url, form)
    assert (answer.status_code, "Try again" in answer.content.decode()) == (503, True)
    assert everything() == before


@pytest.mark.parametrize("name", ["user", "entry"])
def test_of_an_erased_account_there_is_nothing_to_show(
    console: Client, caller: Caller, request: Any, name: str
) -> None:
    row, values = rows(request, name)
    erase_now(user_id=caller.user.id, asked_by=None)
    url = page_of(row)
    form, before = opened(console, url), everything()
    answer = console.post(url, form)
    assert (answer.status_code, "nothing to show" in answer.content.decode()) == (404, True)
    assert everything() == before


def test_an_erasure_that_ends_in_between_wins(console: Client, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address was read, and then the account was erased: the database refuses the record, so nothing is shown."""
    email, url = caller.user.email, page_of(caller.user)
    form = opened(console, url)
    erase_now(user_id=caller.user.id, asked_by=None)
    monkeypatch.setattr("users.admin.revealed_account", lambda _: {"email": email})
    answer = console.post(url, form)
    assert (answer.status_code, email in answer.content.decode()) == (404, False)
    assert not PrivacyRequest.objects.filter(kind="reveal").exists()
    assert not AuditLog.objects.filter(action=Action.PRIVACY_REVEALED).exists()


def test_texts_that_were_purged_are_gone(console: Client, job: Generation) -> None:
    Generation.objects.filter(id=job.id).update(prompt="", parameters={}, texts=None, texts_purged_at=timezone.now())
    assert console.post(page_of(job), opened(console, page_of(job))).status_code == 404


def test_an_address_of_nobody_known_is_revealed_on_the_trail_alone(console: Client) -> None:
    unknown = record(action=Action.API_KEY_REFUSED, ip="203.0.113.9", code="api_key_unknown")
    answer = console.post(page_of(unknown), opened(console, page_of(unknown)))
    assert "203.0.113.9" in answer.content.decode()
    assert not PrivacyRequest.objects.exists()
    noted = AuditLog.objects.get(action=Action.PRIVACY_REVEALED)
    assert noted.data == {"fields": ["ip"], "privacy_request_id": None}


def test_what_is_not_there_has_no_page(console: Client, caller: Caller) -> None:
    for name in (str(uuid4()), "no-uuid"):
        url = f"/admin/users/user/{name}/reveal/"
        assert {console.get(url).status_code, console.post(url, {}).status_code} == {404}


def test_the_user_sees_it_and_is_told_by_mail_when_that_is_set(console: Client, caller: Caller, settings: Any) -> None:
    settings.REVEAL_TELLS_USERS = settings.MAIL_IS_SENT = True
    url = page_of(caller.user)
    console.post(url, opened(console, url))
    [told] = mail.outbox
    assert told.to == [caller.user.email]
    assert REASON not in told.body
    [shown] = caller.get("/api/v1/me/privacy-requests").json()["results"]
    assert (shown["kind"], shown["counts"]) == ("reveal", {"user.email": 1})
    trail = caller.get("/api/v1/audit?action=privacy.revealed").json()["results"]
    assert [(row["actor"], row["ip"]) for row in trail] == [("other", None)]


def test_an_erasure_blanks_the_reason(console: Client, caller: Caller) -> None:
    url = page_of(caller.user)
    console.post(url, opened(console, url))
    User.objects.filter(id=caller.user.id).update(last_active_at=timezone.now() - timedelta(days=1))
    erase_now(user_id=caller.user.id, asked_by=None)
    assert PrivacyRequest.objects.get(kind="reveal").reason is None
