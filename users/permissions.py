"""Rights in the console of single members of the staff, beside the superusers who have all of them."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import Permission
from django.db import transaction

from audit.actions import Action
from audit.services import record
from users.models import User, UserPermission


class PermissionUnknown(Exception):
    """There is no such permission."""


def held_by(user: User) -> list[str]:
    """Those that were given to the account itself, as `app.name`."""
    given = UserPermission.objects.filter(user=user)
    pairs = given.values_list("permission__content_type__app_label", "permission__codename")
    return sorted(f"{app}.{codename}" for app, codename in pairs)


def change_permissions(*, user: User, give: Sequence[str] = (), take: Sequence[str] = ()) -> list[str]:
    """Gives and takes away each of them, audited; returns a line for each that changed.

    Raises PermissionUnknown, with nothing changed.
    """
    to_give, to_take = [(name, _named(name)) for name in give], [(name, _named(name)) for name in take]
    with transaction.atomic():
        given = [name for name, each in to_give if _insert(user, each)]
        taken = [name for name, each in to_take if _delete(user, each)]
        for name in given:
            record(action=Action.USER_PERMISSION_GIVEN, target=("user", user.id), permission=name)
        for name in taken:
            record(action=Action.USER_PERMISSION_TAKEN, target=("user", user.id), permission=name)
    return [f"given: {name}" for name in given] + [f"taken away: {name}" for name in taken]


def _named(name: str) -> Permission:
    app, _, codename = name.partition(".")
    found = Permission.objects.filter(content_type__app_label=app, codename=codename).first()
    if found is None:
        raise PermissionUnknown(f"There is no permission {name!r}; it is `app.name`, such as users.view_user.")
    return found


def _insert(user: User, permission: Permission) -> bool:
    return UserPermission.objects.get_or_create(user=user, permission=permission)[1]


def _delete(user: User, permission: Permission) -> bool:
    return bool(UserPermission.objects.filter(user=user, permission=permission).delete()[0])
