"""TCP ports on the loopback interface."""

from __future__ import annotations

import errno
import socket

from hub.local.errors import LocalServerError

LOOPBACK = "127.0.0.1"
CONNECT_SECONDS = 1.0
BACKLOG = 2048


def listen(port: int) -> socket.socket:
    """A listening socket on `port`, or on a free one for 0; raises LocalServerError when the port is taken.

    Listening and not only bound: until one of them listens, two sockets may share a port.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port))
        bound.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        raise LocalServerError(_refusal(port, error)) from error
    return bound


def _refusal(port: int, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} on {LOOPBACK} is in use: choose another one, or stop the program that listens there."
    return f"Port {port} on {LOOPBACK} cannot be used: {error}."


def free_port(port: int = 0) -> int:
    """`port` when it is free, a free one for 0; raises LocalServerError when it is taken."""
    with listen(port) as bound:
        return int(bound.getsockname()[1])


def answers(port: int) -> bool:
    """Whether something accepts a connection on the port."""
    try:
        with socket.create_connection((LOOPBACK, port), CONNECT_SECONDS):
            return True
    except OSError:
        return False
