"""The staff's door: passwords, limits, the second factor, and what the settings demand."""

from __future__ import annotations

import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django_otp.oath import totp

from audit.models import AuditLog
from hub.common.rates import Rate
from hub.common.redis import redis_client
from users.models import SecondFactor, User
from users.services import create_user
from users.signin import second_factor as factors
from users.tests.signin.browser import Browser
from users.tests.signin.provider import Provider

Trail = Callable[[], list[tuple[str, str]]]
LOGIN, FACTOR, SETUP, ACCOUNT = (
    "/admin/login/",
    "/signin/second-factor",
    "/signin/second-factor/setup",
    "/signin/account",
)
PASSWORD = "correct-horse-battery"

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    return create_user(email="staff@example.com", is_staff=True, is_superuser=True, password=PASSWORD)


@pytest.fixture
def limited(settings: Any) -> Iterator[None]:
    """At most three attempts at an account and five from an address, in an hour."""
    settings.RATE_LIMIT_SIGNIN_ACCOUNT, settings.RATE_LIMIT_SIGNIN = Rate.parse("3/3600"), Rate.parse("5/3600")
    forget()
    yield
    forget()


def forget() -> None:
    for key in list(redis_client().scan_iter("hub:rate:signin*")):
        redis_client().delete(key)


def sign_in(client: Client, password: str = PASSWORD, username: str = "staff@example.com", **more: Any) -> Any:
    return client.post(LOGIN, {"username": username, "password": password, "next": "/admin/"}, **more)


def code_of(user: User, steps: int = 0) -> str:
    """What the app shows now, or so many steps later."""
    factor = SecondFactor.objects.get(user=user)
    return f"{totp(b32decode(factor.secret), t0=-30 * steps):06d}"


def enrolled(user: User) -> list[str]:
    """With a confirmed factor; the recovery codes."""
    factors.begin(user=user)
    codes = factors.confirm(user=user, code=code_of(user))
    forget_step(user)
    return codes


def forget_step(user: User) -> None:
    """As if half a minute had gone by."""
    SecondFactor.objects.filter(user=user).update(last_step=-1, throttling_failure_timestamp=None)


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_a_right_password_is_on_the_trail(client: Client, staff: User, trail: Trail) -> None:
    assert sign_in(client).headers["Location"] == "/admin/"
    assert is_in(client)
    entry = AuditLog.objects.get(action="user.signed_in")
    assert (entry.actor_id, entry.data) == (staff.id, {"method": "password", "second_factor": False})
    assert entry.ip_digest


@pytest.mark.parametrize(
    ("username", "is_known"), [("staff@example.com", True), ("nobody@example.com", False), ("", False)]
)
def test_a_wrong_password_is_on_the_trail_without_what_was_typed(
    client: Client, staff: User, username: str, is_known: bool
) -> None:
    assert sign_in(client, "wrong", username).status_code == 200
    assert not is_in(client)
    entry = AuditLog.objects.get(action="user.signin_refused")
    assert entry.data["code"] == "credentials_wrong"
    assert (entry.target_id == staff.id) is is_known
    assert "nobody" not in str(entry.data)


def test_beyond_the_limit_an_account_is_not_looked_at(client: Client, staff: User, limited: None, trail: Trail) -> None:
    for number in range(3):
        assert sign_in(client, "wrong", REMOTE_ADDR=f"192.0.2.{number}").status_code == 200
    refused = sign_in(client, REMOTE_ADDR="192.0.2.9")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 1200
    assert "Too many requests" in refused.content.decode()
    assert not is_in(client)
    assert len(trail()) == 3


def test_beyond_the_limit_an_address_is_not_looked_at(client: Client, staff: User, limited: None) -> None:
    for number in range(5):
        sign_in(client, "wrong", f"n{number}@example.com")
    assert sign_in(client).status_code == 429
    assert sign_in(Client(), REMOTE_ADDR="192.0.2.9").status_code == 302


def test_another_spelling_is_the_same_account(client: Client, staff: User, limited: None) -> None:
    for _ in range(3):
        sign_in(client, "wrong", " Staff@EXAMPLE.com")
    assert sign_in(client).status_code == 429


def test_no_address_can_be_read_in_redis(client: Client, staff: User, limited: None) -> None:
    sign_in(client, "wrong")
    keys = [str(key) for key in redis_client().scan_iter("hub:rate:signin*")]
    assert len(keys) == 2
    assert all(len(key.rpartition(":")[2]) == 64 for key in keys)
    assert not any("staff" in key or "127.0.0" in key for key in keys)


def test_the_second_factor_is_asked_for(client: Client, staff: User, trail: Trail) -> None:
    enrolled(staff)
    assert sign_in(client).headers["Location"] == FACTOR
    assert not is_in(client)
    assert client.get(ACCOUNT).status_code == 302
    assert client.get(FACTOR).status_code == 200
    answer = client.post(FACTOR, {"code": code_of(staff)})
    assert answer.headers["Location"] == "/admin/"
    assert is_in(client)
    assert [action for action, _ in trail()][-2:] == ["second_factor.passed", "user.signed_in"]
    assert AuditLog.objects.get(action="user.signed_in").data["second_factor"] is True


def test_without_the_first_step_there_is_no_second(client: Client, staff: User) -> None:
    enrolled(staff)
    assert client.get(FACTOR).status_code == 400
    assert client.post(FACTOR, {"code": code_of(staff)}).status_code == 400
    assert client.get(SETUP).status_code == 400
    assert not is_in(client)


def test_between_the_steps_no_other_factor_can_be_set_up(client: Client, staff: User) -> None:
    enrolled(staff)
    before = SecondFactor.objects.get().secret
    sign_in(client)
    assert client.get(SETUP).status_code == 409
    assert client.post(SETUP, {"code": code_of(staff)}).status_code == 403
    assert not is_in(client)
    assert SecondFactor.objects.get().secret == before


def test_a_code_is_taken_once(client: Client, staff: User) -> None:
    enrolled(staff)
    code = code_of(staff)
    factors.verify(user=staff, code=code)
    sign_in(client)
    assert client.post(FACTOR, {"code": code}).status_code == 403
    assert not is_in(client)


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "1" * 500, "aaaa-aaaa-aaaa-aaaa", "٣٣٣٣٣٣"])
def test_a_wrong_code_is_refused_and_makes_the_next_one_wait(client: Client, staff: User, code: str) -> None:
    enrolled(staff)
    if code == code_of(staff):
        pytest.skip("one in a million")
    sign_in(client)
    assert client.post(FACTOR, {"code": code}).status_code == 403
    assert client.post(FACTOR, {"code": code_of(staff)}).status_code == 429
    assert not is_in(client)
    assert AuditLog.objects.filter(action="second_factor.refused").count() == 1
    forget_step(staff)
    assert client.post(FACTOR, {"code": code_of(staff)}).status_code == 302


def test_a_recovery_code_lets_in_once(client: Client, staff: User) -> None:
    first, second, *_ = enrolled(staff)
    sign_in(client)
    assert client.post(FACTOR, {"code": first.upper()}).status_code == 302
    assert AuditLog.objects.filter(action="second_factor.passed", data__kind="recovery", data__recovery_left=9).exists()
    again = Client()
    sign_in(again)
    assert again.post(FACTOR, {"code": first}).status_code == 403
    forget_step(staff)
    assert again.post(FACTOR, {"code": second.replace("-", "")}).status_code == 302


def test_the_second_step_has_its_time(client: Client, staff: User) -> None:
    enrolled(staff)
    sign_in(client)
    session = client.session
    session["signin_pending"] = {**session["signin_pending"], "at": time.time() - 601}
    session.save()
    assert client.post(FACTOR, {"code": code_of(staff)}).status_code == 400


def test_a_password_that_changes_between_the_steps_ends_the_sign_in(client: Client, staff: User) -> None:
    enrolled(staff)
    sign_in(client)
    staff.set_password("another-horse-battery")
    staff.save()
    assert client.post(FACTOR, {"code": code_of(staff)}).status_code == 400


def test_it_is_set_up_confirmed_and_removed_by_who_is_signed_in(client: Client, staff: User, trail: Trail) -> None:
    sign_in(client)
    page = client.get(SETUP).content.decode()
    secret = SecondFactor.objects.get().secret
    assert secret in page
    assert "<svg" in page
    assert secret in client.get(SETUP).content.decode()
    done = client.post(SETUP, {"code": code_of(staff)})
    assert done.status_code == 200
    assert "no-store" in done["Cache-Control"]
    assert done.content.decode().count("<li><code>") == 10
    assert client.post("/signin/second-factor/remove", {"code": "000001"}).status_code == 403
    forget_step(staff)
    assert client.post("/signin/second-factor/codes", {"code": code_of(staff)}).status_code == 200
    forget_step(staff)
    assert client.post("/signin/second-factor/remove", {"code": code_of(staff)}).status_code == 302
    assert not SecondFactor.objects.exists()
    assert [action for action, _ in trail()][1:] == [
        "second_factor.begun",
        "second_factor.passed",
        "second_factor.confirmed",
        "second_factor.refused",
        "user.signin_refused",
        "second_factor.passed",
        "second_factor.codes_made",
        "second_factor.passed",
        "second_factor.removed",
    ]


def test_neither_secret_nor_codes_can_be_read_in_the_database(staff: User) -> None:
    codes = enrolled(staff)
    factor = SecondFactor.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, recovery FROM second_factors")
        stored = b"".join(bytes(value) for value in cursor.fetchone())
    assert factor.secret.encode() not in stored
    assert not any(code.encode() in stored for code in codes)
    assert not any(code.replace("-", "") in str(factor.recovery) for code in codes)


def test_staff_who_must_have_one_set_it_up_on_the_way_in(client: Client, staff: User, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    assert sign_in(client).headers["Location"] == FACTOR
    assert client.get(FACTOR).headers["Location"] == SETUP
    assert not is_in(client)
    assert client.get(SETUP).status_code == 200
    assert client.post(SETUP, {"code": "000000"}).status_code == 403
    assert not is_in(client)
    forget_step(staff)
    assert client.post(SETUP, {"code": code_of(staff)}).status_code == 200
    assert is_in(client)
    assert client.post("/signin/second-factor/remove", {"code": code_of(staff)}).status_code == 403
    assert SecondFactor.objects.exists()


def test_a_session_from_before_it_was_demanded_is_not_enough(client: Client, staff: User, settings: Any) -> None:
    sign_in(client)
    assert is_in(client)
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    assert not is_in(client)
    assert client.get(ACCOUNT).status_code == 302


def test_an_operator_takes_it_away(staff: User, client: Client) -> None:
    enrolled(staff)
    call_command("reset_second_factor", "Staff@example.com", stdout=StringIO())
    assert not SecondFactor.objects.exists()
    assert AuditLog.objects.get(action="second_factor.removed").actor_id is None
    for address, words in (("staff@example.com", "no second factor"), ("nobody@example.com", "no account")):
        with pytest.raises(CommandError, match=words):
            call_command("reset_second_factor", address, stdout=StringIO())


def test_where_staff_must_come_by_a_provider_passwords_are_not_taken(
    client: Client, staff: User, settings: Any, provider: Provider, trail: Trail
) -> None:
    settings.OIDC_STAFF_REQUIRED = True
    page = client.get(LOGIN).content.decode()
    assert 'name="password"' not in page
    assert "Sign in with Corp" in page
    refused = sign_in(client)
    assert refused.status_code == 403
    assert "passwords are not taken" in refused.content.decode()
    assert not is_in(client)
    assert trail() == [("user.signin_refused", "password_not_taken")]


def test_a_session_by_password_ends_when_a_provider_is_demanded(client: Client, staff: User, settings: Any) -> None:
    sign_in(client)
    settings.OIDC_STAFF_REQUIRED = True
    assert not is_in(client)


def test_a_provider_lets_staff_in_where_it_is_demanded_and_the_second_factor_is_asked_for(
    browser: Browser, staff: User, settings: Any, provider: Provider
) -> None:
    settings.OIDC_STAFF_REQUIRED = True
    provider.person("staff", email="staff@example.com", email_verified=True)
    enrolled(staff)
    assert browser.sign_in("staff", next_url="/admin/users/").headers["Location"] == FACTOR
    assert browser.get("/admin/").status_code == 302
    answer = browser.post(FACTOR, {"code": code_of(staff)}, form=FACTOR)
    assert answer.headers["Location"] == "/admin/users/"
    assert browser.get("/admin/").status_code == 200


def test_the_page_of_the_console_offers_the_providers(client: Client, settings: Any, provider: Provider) -> None:
    page = client.get(f"{LOGIN}?next=/admin/users/").content.decode()
    assert 'action="/signin/with/corp/start"' in page
    assert 'name="next" value="/admin/users/"' in page


def test_a_wrong_former_password_is_on_the_trail_and_counted(client: Client, staff: User, limited: None) -> None:
    sign_in(client)
    new = {"new_password1": "another-horse-battery", "new_password2": "another-horse-battery"}
    answers = [client.post("/admin/password_change/", {"old_password": f"guess {n}", **new}) for n in range(9)]
    statuses = [answer.status_code for answer in answers]
    assert (statuses[0], statuses[-1]) == (200, 429)
    refused = AuditLog.objects.filter(action="user.signin_refused")
    assert len(refused) == statuses.count(200) == 2
    assert {(each.target_id, each.data["code"], each.data["reason"]) for each in refused} == {
        (staff.id, "credentials_wrong", "own_password")
    }
    assert "guess" not in str([each.data for each in refused])
    staff.refresh_from_db()
    assert not staff.check_password("another-horse-battery")
