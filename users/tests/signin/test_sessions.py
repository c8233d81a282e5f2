"""A session's key is in the browser, and nowhere in the database."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from users.services import create_user
from users.signin.sessions import SessionStore, stored_key

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-battery"


@pytest.fixture
def key(client: Client) -> str:
    """Of a session that is open."""
    create_user(email="staff@example.com", is_staff=True, is_superuser=True, password=PASSWORD)
    client.post("/admin/login/", {"username": "staff@example.com", "password": PASSWORD, "next": "/admin/"})
    assert client.get("/admin/").status_code == 200
    return client.cookies["sessionid"].value


def test_the_key_cannot_be_read_and_what_can_be_read_opens_nothing(client: Client, key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(s)::text FROM django_session s")
        [[row]] = cursor.fetchall()
    assert key not in row
    stored = Session.objects.get().session_key
    assert stored == stored_key(key)
    thief = Client()
    thief.cookies["sessionid"] = stored
    assert thief.get("/admin/").status_code == 302


def test_it_is_found_changed_and_ended_by_its_key(client: Client, key: str) -> None:
    store = SessionStore(key)
    assert store.exists(key)
    assert store["_auth_user_id"]
    store["more"] = 1
    store.save()
    assert SessionStore(key)["more"] == 1
    client.post("/signin/out")
    assert not Session.objects.exists()
    assert SessionStore(key).load() == {}


def test_a_new_key_takes_the_place_of_the_old_one(key: str) -> None:
    store = SessionStore(key)
    assert store["_auth_user_id"]
    store.cycle_key()
    assert [row.session_key for row in Session.objects.all()] == [stored_key(store.session_key)]


def test_the_asynchronous_half_does_the_same() -> None:
    async def live() -> str:
        store = SessionStore()
        await store.aset("a", 1)
        await store.asave()
        again = SessionStore(store.session_key)
        assert await again.aget("a") == 1
        assert await again.aexists(str(store.session_key))
        assert [row.session_key async for row in Session.objects.all()] == [stored_key(str(store.session_key))]
        await again.adelete()
        return str(store.session_key)

    async_to_sync(live)()
    assert not Session.objects.exists()
