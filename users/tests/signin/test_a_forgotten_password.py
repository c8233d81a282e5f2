"""A forgotten password: a link by mail that works once, and answers that tell nobody who has an account."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from celery import Celery, current_app
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from audit.models import AuditLog
from hub.common.rates import Rate
from hub.common.redis import redis_client
from users.models import User
from users.services import create_user, set_password
from users.signin import reset
from users.tasks import mail_password_notice, mail_reset_link

Work = Callable[[], list[dict[str, Any]]]
ASK, NEW, LOGIN = "/signin/password", "/signin/password/new", "/admin/login/"
TASKS = {reset.LINK: mail_reset_link, reset.NOTICE: mail_password_notice}
PASSWORD, BETTER = "correct-horse-battery", "a-better-horse-battery"

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    return create_user(email="staff@example.com", is_staff=True, is_superuser=True, password=PASSWORD)


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    """Before and after."""

    def forget() -> None:
        for key in list(redis_client().scan_iter("hub:rate:signin*")):
            redis_client().delete(key)

    forget()
    yield
    forget()


@pytest.fixture
def work(mailoutbox: list[EmailMessage]) -> Iterator[Work]:
    """Does what lies in the queue, as the worker would; the arguments of each message."""
    queue = current_app.conf.task_default_queue
    redis_client().delete(queue)

    def work() -> list[dict[str, Any]]:
        done = []
        while (message := redis_client().rpop(queue)) is not None:
            envelope = json.loads(message)  # type: ignore[arg-type]
            _, words, _ = json.loads(b64decode(envelope["body"]))
            TASKS[envelope["headers"]["task"]](**words)
            done.append(words)
        return done

    yield work
    redis_client().delete(queue)


def ask(client: Client, email: str = "staff@example.com", **more: Any) -> Any:
    return client.post(ASK, {"email": email}, **more)


def link_in(mail: EmailMessage) -> dict[str, str]:
    [address] = re.findall(r"http\S+", str(mail.body))
    parts = urlsplit(address)
    assert (parts.netloc, parts.path) == ("testserver", NEW)
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def send(client: Client, link: dict[str, str], password: str = BETTER) -> Any:
    return client.post(NEW, {**link, "new_password1": password, "new_password2": password})


def sign_in(client: Client, password: str) -> bool:
    client.post(LOGIN, {"username": "staff@example.com", "password": password, "next": "/admin/"})
    return bool(client.get("/admin/").status_code == 200)


def test_a_link_comes_by_mail_and_sets_a_password_once(
    client: Client, staff: User, work: Work, mailoutbox: list[EmailMessage]
) -> None:
    before = Client()
    assert sign_in(before, PASSWORD)
    assert ask(client, " Staff@EXAMPLE.com ").status_code == 200
    work()
    [mail] = mailoutbox
    assert mail.to == ["staff@example.com"]
    link = link_in(mail)
    page = client.get(NEW, link)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "same-origin"
    assert send(client, link).status_code == 200
    assert before.get("/admin/").status_code == 302
    assert not sign_in(Client(), PASSWORD)
    assert sign_in(Client(), BETTER)
    assert send(client, link, "yet-another-battery").status_code == 400
    work()
    assert [each.subject for each in mailoutbox][1:] == ["Your password for the hub was changed"]
    rows = AuditLog.objects.order_by("created_at", "id").values_list("action", "actor_id", "target_id")
    assert [row for row in rows if "password" in row[0]] == [
        ("user.password_reset_asked", None, staff.id),
        ("user.password_set", staff.id, staff.id),
    ]


def test_the_answer_is_the_same_for_everybody(
    client: Client, staff: User, work: Work, mailoutbox: list[EmailMessage]
) -> None:
    create_user(email="client@example.com")
    shut = create_user(email="shut@example.com", is_staff=True, password=PASSWORD)
    User.objects.filter(id=shut.id).update(status="suspended")
    asked = ["staff@example.com", "client@example.com", "shut@example.com", "nobody@example.com", "no address"]
    answers = {ask(client, email).content.partition(b"<h1>")[2] for email in asked}
    assert len(answers) == 1
    messages = work()
    assert [words["user_id"] for words in messages] == [str(staff.id), "", "", "", ""]
    assert not any("@" in str(words) for words in messages)
    assert [mail.to for mail in mailoutbox] == [["staff@example.com"]]
    trail = AuditLog.objects.filter(action="user.password_reset_asked").order_by("created_at", "id")
    assert [row.data["is_sent"] for row in trail] == [True, False, False, False, False]
    assert "example.com" not in str([row.data for row in trail])


def test_a_link_ends_with_its_time_the_password_and_the_next_sign_in(
    client: Client, staff: User, work: Work, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fresh() -> dict[str, str]:
        ask(client)
        work()
        return link_in(mailoutbox[-1])

    old = fresh()
    with monkeypatch.context() as later:
        hence = (timezone.now() + timedelta(minutes=61)).replace(tzinfo=None)
        later.setattr(PasswordResetTokenGenerator, "_now", lambda _: hence)
        assert client.get(NEW, old).status_code == 400
    set_password(user=staff, password="one-more-battery")
    assert client.get(NEW, old).status_code == 400
    unused = fresh()
    assert sign_in(Client(), "one-more-battery")
    assert client.get(NEW, unused).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [{"token": "x"}, {"token": ""}, {"user": ""}, {"user": "AAAA"}, {"user": "ö"}, {"user": "AAAAAAAAAAAAAAAAAAAAAA"}],
)
def test_a_link_of_another_making_opens_nothing(
    client: Client, staff: User, work: Work, mailoutbox: list[EmailMessage], changes: dict[str, str]
) -> None:
    ask(client)
    work()
    link = link_in(mailoutbox[0]) | changes
    assert client.get(NEW, link).status_code == 400
    assert send(client, link).status_code == 400
    assert sign_in(Client(), PASSWORD)
    assert AuditLog.objects.filter(action="user.signin_refused", data__code="reset_link_wrong").count() == 2


@pytest.mark.parametrize("password", ["tiny-pw", "password12345", ""])
def test_a_weak_password_is_refused_and_the_link_goes_on_working(
    client: Client, staff: User, work: Work, mailoutbox: list[EmailMessage], password: str
) -> None:
    ask(client)
    work()
    link = link_in(mailoutbox[0])
    refused = send(client, link, password)
    assert refused.status_code == 422
    assert not password or password not in refused.content.decode()
    assert send(client, link).status_code == 200


def test_mails_to_one_account_are_few(client: Client, staff: User, work: Work, settings: Any) -> None:
    settings.RATE_LIMIT_RESET = Rate.parse("2/3600")
    spellings = ["staff@example.com", " STAFF@example.com", "staff@example.com"]
    answers = [ask(client, email, REMOTE_ADDR=f"192.0.2.{number}") for number, email in enumerate(spellings)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert len(work()) == 2
    assert ask(client, "nobody@example.com").status_code == 200


def test_it_is_not_offered_where_it_cannot_work(client: Client, staff: User, settings: Any, work: Work) -> None:
    assert ASK in client.get(LOGIN).content.decode()
    settings.MAIL_IS_SENT = False
    assert ask(client).status_code == 503
    settings.MAIL_IS_SENT, settings.OIDC_STAFF_REQUIRED = True, True
    assert ask(client).status_code == 403
    assert ASK not in client.get(LOGIN).content.decode()
    assert work() == []


def test_a_broker_that_is_away_is_said(client: Client, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with Celery(broker="redis://127.0.0.1:1/0", set_as_current=False) as away:
        away.conf.update(task_publish_retry=False)
        monkeypatch.setattr(reset, "current_app", away)
        assert ask(client).status_code == 503
    assert not AuditLog.objects.filter(action="user.password_reset_asked").exists()
