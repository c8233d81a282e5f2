"""Which user the servers run as: PostgreSQL refuses root, and what root owns may be out of another user's reach."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from hub.local.errors import LocalServerError
from hub.local.process import MYSELF, Identity, Program, run

NOBODY = 65534
# Lets the owner of nothing pass through directories such as /root (mode 700); the second is what containers leave.
CAP_DAC_READ_SEARCH = 2
CAP_DAC_OVERRIDE = 1


def choose_identity(data: Path, probe: Sequence[str | Path]) -> Identity:
    """The first identity in which `probe` succeeds, in the directory where `data` is or will be made.

    Data that exists keeps its owner: root runs it as that user. Nothing above `data` is ever changed.
    """
    reach = data.parent
    for identity in _candidates(data):
        if run(Program(probe, signal.SIGKILL, identity, cwd=reach)).returncode == 0:
            return identity
    raise LocalServerError(
        f"The embedded servers do not run as root, and no other user of this machine can reach {reach}: "
        "run the command as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _candidates(data: Path) -> Iterator[Identity]:
    if os.geteuid() != 0:
        yield from _as_this_user()
        return
    owner = data.stat() if data.exists() else None
    if owner is None:
        yield from _as_user(*_nobody())
    elif owner.st_uid != 0:
        yield from _as_user(owner.st_uid, owner.st_gid)
    if owner is None or owner.st_uid == 0:
        yield Identity(userns_uid=_nobody()[0])


def _as_this_user() -> Iterator[Identity]:
    # initdb asks for the user's name, which a container started with a bare number (`--user 1234`) does not have.
    if _has_name(os.geteuid()):
        yield MYSELF
    yield Identity(userns_uid=_nobody()[0])


def _as_user(uid: int, gid: int) -> Iterator[Identity]:
    yield Identity(uid=uid, gid=gid)
    held = _held_capabilities()
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if held >> capability & 1:
            yield Identity(uid=uid, gid=gid, capability=capability)


def _nobody() -> tuple[int, int]:
    if _has_name(NOBODY):
        entry = pwd.getpwuid(NOBODY)
        return entry.pw_uid, entry.pw_gid
    # Any ordinary user's name will do where there is no nobody.
    for entry in pwd.getpwall():
        if entry.pw_uid != 0:
            return entry.pw_uid, entry.pw_gid
    return NOBODY, NOBODY


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _held_capabilities() -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0


def give(path: Path, identity: Identity) -> None:
    """Makes the identity's user the owner of `path`, a directory or file of ours."""
    if identity.uid is not None and identity.gid is not None:
        shutil.chown(path, identity.uid, identity.gid)
