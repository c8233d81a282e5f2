"""A limit is set for all kinds of jobs, or for one of them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from hub import env

KINDS = ("text", "video")


def test_it_is_the_default_where_nothing_is_set() -> None:
    assert env.by_word("LIMIT", 8, KINDS) == {"text": 8, "video": 8}


def test_one_kind_may_differ_from_what_is_set_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT", "4")
    monkeypatch.setenv("LIMIT_VIDEO", "2")
    assert env.by_word("LIMIT", 8, KINDS) == {"text": 4, "video": 2}


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
@pytest.mark.parametrize("name", ["LIMIT", "LIMIT_TEXT"])
def test_anything_but_a_whole_number_from_one_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name} must be a whole number, one or more"):
        env.by_word("LIMIT", 8, KINDS)
