"""Becomes another program that dies with its parent: `python -I -S launch.py '<json>' program argument...`.

A script of its own, on the standard library alone, because these steps must happen between fork and exec, and running
Python there inside the parent (`preexec_fn`) can deadlock when the parent has threads. The JSON is a `Launch`.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import NoReturn, TypedDict

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CLONE_NEWUSER = 0x10000000
CAPABILITY_VERSION_3 = 0x20080522
REFUSED = 126


class Launch(TypedDict):
    """What to be before the exec. `capability` is kept over the change of user; `userns_uid` is the uid seen inside."""

    parent: int
    death_signal: int
    uid: int | None
    gid: int | None
    capability: int | None
    userns_uid: int | None
    cwd: str | None


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilityData(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def main() -> NoReturn:
    """Drops rights, binds this process to its parent's life, and executes the program; exits 126 when it cannot."""
    launch: Launch = json.loads(sys.argv[1])
    program = sys.argv[2:]
    try:
        become_user(launch)
        die_with_parent(launch["parent"], launch["death_signal"])
        if launch["cwd"]:
            os.chdir(launch["cwd"])
        os.execv(program[0], program)
    except OSError as error:
        sys.stderr.write(f"launch: {program[0]}: {error}\n")
        sys.exit(REFUSED)


def become_user(launch: Launch) -> None:
    """Changes user and group as asked, with one capability kept, or within a new user namespace."""
    if launch["userns_uid"] is not None:
        enter_user_namespace(launch["userns_uid"])
    if launch["uid"] is None or launch["gid"] is None:
        return
    if launch["capability"] is not None:
        # Keeps capabilities over the change of user, and lets access(2), by which PostgreSQL looks at its own programs,
        # count them.
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(launch["gid"])
    os.setuid(launch["uid"])
    if launch["capability"] is not None:
        keep_only(launch["capability"])


def die_with_parent(parent: int, death_signal: int) -> None:
    """Asks the kernel for `death_signal` when the parent dies; ends now if it has died already.

    After the change of user, because that clears the request.
    """
    prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit(REFUSED)


def keep_only(capability: int) -> None:
    """Makes `capability` (below 32) the only one, and ambient so that the program keeps it."""
    header = _CapabilityHeader(CAPABILITY_VERSION_3, 0)
    mask = 1 << capability
    data = (_CapabilityData * 2)(_CapabilityData(mask, mask, mask), _CapabilityData(0, 0, 0))
    check(_libc().capset(ctypes.byref(header), data))
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def enter_user_namespace(inside: int) -> None:
    """Shows this user as `inside` to the program, while files keep seeing the user it is."""
    uid, gid = os.geteuid(), os.getegid()
    check(_libc().unshare(CLONE_NEWUSER))
    for name, content in (("setgroups", "deny"), ("gid_map", f"{inside} {gid} 1"), ("uid_map", f"{inside} {uid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(content)


def prctl(option: int, value: int, third: int = 0) -> None:
    """prctl(2), with its error as OSError."""
    check(_libc().prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(third), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def check(result: int) -> None:
    """Raises OSError from errno when a call of libc returned non-zero."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main()
