"""API keys and the account that they belong to."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from hub.api.pagination import PageQuery, page_of, page_response, take_page
from hub.api.problems import CONTENT_TYPE
from hub.api.serializers import ProblemSerializer, StrictSerializer
from hub.api.views import HubView, parsed, parsed_query
from usage.api.key_shapes import (
    AccountSerializer,
    ApiKeySerializer,
    KeyWithSecretSerializer,
    NewKeyInput,
    RotationInput,
    ShownKey,
    shown_keys,
)
from usage.selectors import caps_of, current_quotas
from usage.services.keys import create_key, rotate_key
from users.models import ApiKey, User
from users.selectors import key_of, keys_of
from users.services import USUAL_OVERLAP, revoke_api_key

READ, WRITE, ACCOUNT = "keys:read", "keys:write", "account:read"
# A secret is kept by whoever asked for it, and by nothing on the way.
NOT_KEPT = {"Cache-Control": "no-store"}


class ApiKeysView(HubView):
    """The caller's keys, and a new one."""

    required_scope = {"GET": READ, "POST": WRITE}

    @extend_schema(operation_id="api_keys_list", parameters=[PageQuery], responses=page_of(ApiKeySerializer))
    def get(self, request: Request) -> Response:
        """The caller's API keys, newest first, the ended ones too; never a secret."""
        query = parsed_query(PageQuery, request)
        user = cast(User, request.user)
        page = take_page(keys_of(user=user), after=query["cursor"], limit=query["limit"])
        caps = caps_of(user=user, api_key_ids=[key.pk for key in page.rows])
        return page_response(request, ApiKeySerializer(shown_keys(page.rows, caps), many=True).data, page.next)

    @extend_schema(
        operation_id="api_keys_create",
        request=NewKeyInput,
        parameters=[OpenApiParameter("Location", str, OpenApiParameter.HEADER, description="The key.", response=[201])],
        responses={201: KeyWithSecretSerializer},
    )
    def post(self, request: Request) -> Response:
        """Makes an API key that has no more than the one that asks; its secret is in this answer alone."""
        user, giver = cast(User, request.user), cast(ApiKey, request.auth)
        wanted = {"caps": {}, **parsed(NewKeyInput, request.data)}
        key, text = create_key(user=user, giver=giver, **wanted)
        headers = {"Location": reverse("api-key", args=[key.pk], request=request)} | NOT_KEPT
        return Response(_with_secret(user, key, text), status=status.HTTP_201_CREATED, headers=headers)


class ApiKeyView(HubView):
    """One key."""

    required_scope = {"GET": READ, "DELETE": WRITE}

    @extend_schema(operation_id="api_keys_get", responses=ApiKeySerializer)
    def get(self, request: Request, key_id: UUID) -> Response:
        """One API key of the caller's."""
        user = cast(User, request.user)
        key = key_of(user=user, key_id=key_id)
        [shown] = shown_keys([key], caps_of(user=user, api_key_ids=[key.pk]))
        return Response(ApiKeySerializer(shown).data)

    @extend_schema(operation_id="api_keys_revoke", responses={204: OpenApiResponse(description="It is revoked.")})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revokes an API key at once and for good; again, nothing more happens. Jobs in flight go on."""
        user = cast(User, request.user)
        revoke_api_key(key=key_of(user=user, key_id=key_id), actor=user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateView(HubView):
    """A new secret for a key."""

    required_scope = WRITE

    @extend_schema(
        operation_id="api_keys_rotate",
        request=RotationInput,
        responses={
            200: KeyWithSecretSerializer,
            (409, CONTENT_TYPE): OpenApiResponse(
                ProblemSerializer, "The key has ended, or was rotated at this moment."
            ),
        },
    )
    def post(self, request: Request, key_id: UUID) -> Response:
        """Gives an API key a new secret, in this answer alone; the one before works for 24 hours, or as asked for."""
        user, now = cast(User, request.user), timezone.now()
        wanted = {"former_until": now + USUAL_OVERLAP, **parsed(RotationInput, request.data)}
        key = key_of(user=user, key_id=key_id)
        rotated, text = rotate_key(user=user, giver=cast(ApiKey, request.auth), key=key, now=now, **wanted)
        return Response(_with_secret(user, rotated, text), headers=NOT_KEPT)


class MeView(HubView):
    """Who is calling."""

    required_scope = ACCOUNT

    @extend_schema(operation_id="me_get", responses=AccountSerializer)
    def get(self, request: Request) -> Response:
        """The caller's account, the key in use, and what is left of each quota."""
        parsed_query(StrictSerializer, request)
        user, key = cast(User, request.user), cast(ApiKey, request.auth)
        [shown] = shown_keys([key], caps_of(user=user, api_key_ids=[key.pk]))
        account = {"user": user, "api_key": shown, "quotas": current_quotas(user=user)}
        return Response(AccountSerializer(account).data)


def _with_secret(user: User, key: ApiKey, text: str) -> Any:
    caps = caps_of(user=user, api_key_ids=[key.pk]).get(key.pk, ())
    return KeyWithSecretSerializer(ShownKey(key, caps, text)).data
