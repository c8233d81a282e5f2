"""Accounts, keys and the audit trail for the staff: to look at. Addresses are masked, and no secret is shown.

The trail is registered here and not by its own app, which knows no accounts: to reveal an address is a privacy request.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.admin import AuditLogAdmin
from audit.models import AuditLog
from audit.selectors import revealed_ip
from users.models import ApiKey, User
from users.privacy.reveal import Disclosure
from users.reveal_pages import RevealingAdmin
from users.selectors import masked_email, revealed_account, revealed_networks, users_with_email

# Rights are given by a command, on the trail; Django's page for groups changes them beside it.
admin.site.unregister(Group)


@admin.register(AuditLog)
class RevealingAuditLogAdmin(RevealingAdmin, AuditLogAdmin):
    """The trail, and the address that an entry came from."""

    revealed = "the address it came from"

    def disclosure(self, row: AuditLog) -> Disclosure:
        """Of whoever did it, else of whom it concerns."""
        return Disclosure(("audit_log", row.id), row.actor_id or row.subject_id, lambda: revealed_ip(row.id))


@admin.register(User)
class UserAdmin(RevealingAdmin):
    """Every account; one is found by its whole address."""

    ordering = ("-id",)  # type: ignore[assignment]
    revealed = "the email address, and why it is under a legal hold"
    list_display = ("id", "masked", "status", "is_staff", "last_active_at", "created_at")
    list_filter = ("status", "is_staff")
    fields = (
        "id",
        "masked",
        "status",
        "is_staff",
        "is_superuser",
        "created_at",
        "last_login",
        "last_active_at",
        "legal_hold_until",
    )
    search_fields: ClassVar[tuple[str, ...]] = ("id",)
    search_help_text = "The whole email address."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """By the whole address, through its index; nothing else is searched."""
        return (queryset & users_with_email(search_term), False) if search_term else (queryset, False)

    def disclosure(self, row: User) -> Disclosure:
        """The address, and the grounds of a legal hold."""
        return Disclosure(("user", row.id), row.id, lambda: revealed_account(row.id))

    @admin.display(description="email")
    def masked(self, user: User) -> str:
        """`a***@e***.com`."""
        return masked_email(user.email)


@admin.register(ApiKey)
class ApiKeyAdmin(RevealingAdmin):
    """Every key by its prefix; neither its secret, which is not kept, nor its hash is shown."""

    revealed = "the networks that it is bound to"
    ordering = ("-id",)  # type: ignore[assignment]
    list_display = ("prefix", "name", "owner_id", "last_used_at", "expires_at", "revoked_at", "created_at")
    fields = (
        *("prefix", "name", "owner", "scopes", "created_at", "last_used_at"),
        *("expires_at", "former_until", "revoked_at"),
    )
    search_fields: ClassVar[tuple[str, ...]] = ("=prefix",)
    search_help_text = "The whole prefix, as in hub_<prefix>_…"

    def disclosure(self, row: ApiKey) -> Disclosure:
        """Its networks."""
        return Disclosure(("api_key", row.id), row.owner_id, lambda: revealed_networks(row.id))
