"""The API's door: which header carries the key, which scope a view asks for, and what a refusal looks like."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from audit.models import AuditLog
from users.api.authentication import ApiKeyAuthentication, client_ip
from users.api.permissions import HasScope
from users.api.schema import BEARER, GOOGLE
from users.models import ApiKey, User
from users.services import issue_api_key

pytestmark = pytest.mark.django_db

KeyAndText = tuple[ApiKey, str]


class Door(APIView):
    """A view with a scope for reading and one for writing."""

    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [HasScope]
    required_scope: Any = {"GET": "usage:read", "POST": "keys:write"}

    def get(self, request: Request) -> Response:
        """Who is there."""
        assert isinstance(request.auth, ApiKey)
        return Response({"user": str(request.user.pk), "key": request.auth.prefix})

    def post(self, request: Request) -> Response:
        """Nothing."""
        return Response(status=204)


class OneScopeDoor(Door):
    """A view with one scope for everything."""

    required_scope = "usage:read"


def knock(method: str = "get", view: type[APIView] = Door, **headers: str) -> Response:
    request = getattr(APIRequestFactory(), method)("/", headers=headers)
    response = view.as_view()(request)
    assert isinstance(response, Response)
    return response


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("Authorization", "Bearer {}"),
        ("Authorization", "bearer   {} "),
        ("x-goog-api-key", "{}"),
        ("X-Goog-Api-Key", " {}"),
    ],
)
def test_the_key_comes_in_either_header(key_and_text: KeyAndText, alice: User, header: str, form: str) -> None:
    key, text = key_and_text
    response = knock(**{header: form.format(text)})
    assert response.status_code == 200
    assert response.data == {"user": str(alice.id), "key": key.prefix}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "api_key_missing"),
        ({"Authorization": ""}, "api_key_missing"),
        ({"x-goog-api-key": " "}, "api_key_missing"),
        ({"Authorization": "Bearer"}, "api_key_malformed"),
        ({"Authorization": "Basic YTpi"}, "api_key_malformed"),
        ({"Authorization": "{text}"}, "api_key_malformed"),
        ({"Authorization": "Token {text}"}, "api_key_malformed"),
        ({"Authorization": "Bearer {text} {text}"}, "api_key_malformed"),
        ({"Authorization": "Bearer x", "x-goog-api-key": "{text}"}, "api_key_malformed"),
        ({"Authorization": f"Bearer hub_{'0' * 12}_{'0' * 43}"}, "api_key_unknown"),
    ],
)
def test_a_refusal_is_a_problem_document_and_one_audit_entry(
    key_and_text: KeyAndText, headers: dict[str, str], code: str
) -> None:
    response = knock(**{name: value.format(text=key_and_text[1]) for name, value in headers.items()})

    assert response.status_code == 401
    assert response.data["code"] == code
    assert response.data["status"] == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="hub"'
    entry = AuditLog.objects.get(action="api_key.refused")
    assert entry.data["code"] == code
    assert entry.ip == "127.0.0.1"
    assert ApiKey.objects.get().last_used_at is None


def test_whoever_asks_for_the_user_after_a_refusal_starts_no_second_one() -> None:
    request = APIView().initialize_request(APIRequestFactory().get("/"))
    request.authenticators = [ApiKeyAuthentication()]
    with pytest.raises(Exception, match="Send an API key"):
        _ = request.user
    assert not request.user.is_authenticated
    assert request.auth is None
    assert AuditLog.objects.count() == 1


def test_a_suspended_account_is_forbidden(key_and_text: KeyAndText) -> None:
    User.objects.update(status=User.Status.SUSPENDED)
    response = knock(Authorization=f"Bearer {key_and_text[1]}")
    assert response.status_code == 403
    assert response.data["code"] == "account_suspended"


@pytest.mark.parametrize(
    ("method", "scopes", "status"),
    [
        ("get", ["usage:read"], 200),
        ("head", ["usage:read"], 200),
        ("get", ["keys:write"], 403),
        ("post", ["keys:write"], 204),
        ("post", ["usage:read"], 403),
        ("options", ["media:read"], 200),
        ("delete", ["media:read"], 405),
    ],
)
def test_each_method_asks_for_its_scope(alice: User, method: str, scopes: list[str], status: int) -> None:
    _, text = issue_api_key(owner=alice, name="x", scopes=scopes)
    response = knock(method, Authorization=f"Bearer {text}")
    assert response.status_code == status
    if status == 403:
        assert response.data["code"] == "scope_missing"
        assert response.data["required_scope"] == {"get": "usage:read", "post": "keys:write"}[method]


@pytest.mark.parametrize(("scope", "status"), [("usage:read", 204), ("media:read", 403)])
def test_a_view_may_ask_for_one_scope_for_everything(alice: User, scope: str, status: int) -> None:
    _, text = issue_api_key(owner=alice, name="x", scopes=[scope])
    assert knock("post", OneScopeDoor, Authorization=f"Bearer {text}").status_code == status


@pytest.mark.parametrize("required_scope", [None, "", {}, {"POST": "keys:write"}])
def test_a_view_that_names_no_scope_lets_nobody_in(key_and_text: KeyAndText, required_scope: Any) -> None:
    view = type("Forgetful", (Door,), {"required_scope": required_scope})
    with pytest.raises(ImproperlyConfigured, match="Forgetful names no required_scope for GET"):
        knock(view=view, Authorization=f"Bearer {key_and_text[1]}")


def test_without_authentication_a_scope_is_not_had() -> None:
    view = type("Open", (Door,), {"authentication_classes": []})
    response = knock(view=view)
    assert response.status_code == 401
    assert response.data["code"] == "api_key_missing"


@pytest.mark.parametrize(
    ("address", "ip"),
    [("192.0.2.7", "192.0.2.7"), ("2001:DB8::1", "2001:db8::1"), ("", None), ("unix:", None)],
)
def test_the_ip_is_that_of_the_connection(address: str, ip: str | None) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=address, headers={"X-Forwarded-For": "203.0.113.9"})
    assert client_ip(Request(request)) == ip


def test_the_schema_offers_both_headers() -> None:
    generator = SchemaGenerator(patterns=[])
    generator.endpoints = [("/door", "", "GET", OneScopeDoor.as_view())]
    generator._get_paths_and_endpoints = lambda: [
        ("/door", "", "GET", generator.create_view(OneScopeDoor.as_view(), "GET"))
    ]  # type: ignore[method-assign]
    schema = generator.get_schema(request=None, public=True)

    assert schema["paths"]["/door"]["get"]["security"] == [{BEARER: []}, {GOOGLE: []}]
    assert schema["components"]["securitySchemes"][BEARER]["scheme"] == "bearer"
    assert schema["components"]["securitySchemes"][GOOGLE]["name"] == "x-goog-api-key"
