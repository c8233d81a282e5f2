"""A port belongs to one process from the moment it is chosen."""

from __future__ import annotations

import pytest

from hub.local.errors import LocalServerError
from hub.local.ports import answers, free_port, listen


def test_a_port_that_is_held_is_refused_to_the_next():
    with listen(0) as held:
        port = held.getsockname()[1]
        with pytest.raises(LocalServerError, match=f"Port {port} on 127.0.0.1 is in use"):
            listen(port)
        with pytest.raises(LocalServerError, match=f"Port {port} on 127.0.0.1 is in use"):
            free_port(port)
    assert free_port(port) == port


def test_a_port_that_does_not_exist_is_refused_with_its_reason():
    with pytest.raises(LocalServerError, match="Port 70000 on 127.0.0.1 cannot be used"):
        listen(70000)


def test_a_port_where_nobody_listens_does_not_answer():
    assert not answers(free_port())
    with listen(0) as held:
        assert answers(held.getsockname()[1])
