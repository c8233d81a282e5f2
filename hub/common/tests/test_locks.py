"""Locks that live as long as their transaction."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from hub.common.locks import try_transaction_lock


def elsewhere(name: str) -> bool:
    """Whether another connection gets the lock."""
    said: list[bool] = []

    def ask() -> None:
        with transaction.atomic():
            said.append(try_transaction_lock(name))
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(30)
    return said[0]


def test_one_has_it_until_its_transaction_ends(committed: None) -> None:
    with transaction.atomic():
        assert try_transaction_lock("one")
        assert try_transaction_lock("one")
        assert not elsewhere("one")
        assert elsewhere("other")
    assert elsewhere("one")


def test_without_a_transaction_there_is_no_lock(committed: None) -> None:
    with pytest.raises(RuntimeError, match="needs a transaction"):
        try_transaction_lock("one")
    assert elsewhere("one")
