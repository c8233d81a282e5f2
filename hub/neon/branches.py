"""Which branches of Neon's may be made and taken away, and which never."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from hub.neon.api import Branch, NeonApi
from hub.neon.errors import OperationFailed

# Neon takes no expiry beyond it.
MOST_DAYS = 30
# Branches of pull requests, as the workflow names them; --prune looks at no others that are without an end.
PULL_REQUEST = re.compile(r"^preview/pr-(\d+)(-.*)?$")


def make(api: NeonApi, *, name: str, parent: str, days: int, schema_only: bool) -> Branch:
    """A branch that ends after so many days. Raises OperationFailed, also when one of that name is there."""
    known = api.branches()
    if any(each.name == name for each in known):
        raise OperationFailed(f"There is a branch {name} already: delete it first, or choose another name.")
    parent_id = named(known, parent).id if parent else None
    expires_at = datetime.now(UTC) + timedelta(days=days)
    return api.create_branch(name=name, parent_id=parent_id, expires_at=expires_at, schema_only=schema_only)


def removable(api: NeonApi, name: str) -> Branch:
    """The branch of that name or id; raises OperationFailed when it is not there or must not go."""
    known = api.branches()
    branch = named(known, name)
    if reason := why_kept(branch, known):
        raise OperationFailed(f"The branch {branch.name} stays: {reason}.")
    return branch


def prunable(known: Sequence[Branch], *, days: int, closed: Collection[int] = ()) -> list[tuple[Branch, str]]:
    """Those that should be gone, each with the reason: their end is over, their pull request is closed or they are a
    pull request's and older than `days`."""
    found = []
    for branch in known:
        reason = _why_pruned(branch, timedelta(days=days), closed)
        if reason and not why_kept(branch, known):
            found.append((branch, reason))
    return found


def named(known: Sequence[Branch], name: str) -> Branch:
    """By name or id; raises OperationFailed."""
    for branch in known:
        if name in (branch.name, branch.id):
            return branch
    raise OperationFailed(f"The project has no branch {name}.")


def why_kept(branch: Branch, known: Sequence[Branch]) -> str:
    """Why it must not be deleted; "" when it may."""
    if branch.is_default:
        return "it is the project's default branch"
    if branch.is_protected:
        return "it is protected"
    children = [each.name for each in known if each.parent_id == branch.id]
    return f"{', '.join(children)} stem{'s' if len(children) == 1 else ''} from it" if children else ""


def _why_pruned(branch: Branch, age: timedelta, closed: Collection[int]) -> str:
    now = datetime.now(UTC)
    if branch.expires_at is not None and branch.expires_at < now:
        return f"its end was {branch.expires_at:%Y-%m-%d}"
    request = PULL_REQUEST.match(branch.name)
    if request is None:
        return ""
    if int(request.group(1)) in closed:
        return f"pull request {request.group(1)} is closed"
    return (
        f"it is of a pull request and {(now - branch.created_at).days} days old"
        if now - branch.created_at > age
        else ""
    )
