"""A period of days that is none stops the start, by name and with what is wanted."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from hub import env


@pytest.mark.parametrize("raw", ["0", "-3", "soon", "1.5", "99999999", "2999-01-01"])
def test_it_is_refused(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("PURGE_PROMPTS_DAYS", raw)
    with pytest.raises(ImproperlyConfigured, match="PURGE_PROMPTS_DAYS.*a whole number of days from 1 to"):
        env.days("PURGE_PROMPTS_DAYS", 365)


def test_one_that_must_be_longer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PURGE_USAGE_LOGS_DAYS", "89")
    with pytest.raises(ImproperlyConfigured, match="PURGE_USAGE_LOGS_DAYS.*from 90 to"):
        env.days("PURGE_USAGE_LOGS_DAYS", 1095, at_least=90)


def test_one_day_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PURGE_PROMPTS_DAYS", "1")
    assert env.days("PURGE_PROMPTS_DAYS", 365) == 1
