"""A rate is two or three numbers, and nothing else is one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from hub import env
from hub.common.rates import Rate
from hub.env import BASE_DIR

NAME = "RATE_LIMIT_KEY"


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("6000/60", Rate(6000, 60, 6000)),
        ("6000/60/100", Rate(6000, 60, 100)),
        (" 1/3600/5 ", Rate(1, 3600, 5)),
        ("1000000/1", Rate(1_000_000, 1, 1_000_000)),
    ],
)
def test_it_is_read(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


def test_what_comes_back_is_never_sooner_than_was_said() -> None:
    assert Rate.parse("7/60").interval == 8_571_429
    assert Rate.parse("7/60").fill == 7 * 8_571_429


@pytest.mark.parametrize(
    "text",
    [
        *("", "6000", "6000/", "/60", "6000/60/", "6000/60/1/1", "-1/60", "1.5/60", "lots", "٦/60", "6000 per 60"),
        *("0/60", "60/0", "60/60/0", "1000001/1", "1/86401", "1/60/1441", "1" * 13 + "/60"),
    ],
)
def test_anything_else_stops_the_start_with_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(ValueError):
        Rate.parse(text)
    if not text:
        return
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured) as caught:
        env.rate(NAME, "6000/60", may_be_off=False)
    assert str(caught.value).startswith(f"{NAME} must be REQUESTS/SECONDS")
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_that_is_empty_is_the_usual_one_and_not_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    assert env.rate(NAME, "6000/60", may_be_off=True) == Rate(6000, 60, 6000)


def test_it_can_be_off_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "off")
    assert env.rate(NAME, "6000/60", may_be_off=True) is None
    with pytest.raises(ImproperlyConfigured, match=NAME):
        env.rate(NAME, "6000/60", may_be_off=False)


@pytest.mark.parametrize("name", ["RATE_LIMIT_KEY", "RATE_LIMIT_USER", "RATE_LIMIT_REFUSED"])
def test_in_production_none_is_off(name: str) -> None:
    production = {"HUB_EMBEDDED": "false", "DEBUG": "false", "GEMINI_API_KEY": "x", "SECRET_KEY": "x"}
    rings = dict.fromkeys(("FIELD_ENCRYPTION_KEYS", "FIELD_INDEX_KEYS", "API_KEY_PEPPERS"), f"k1:{'A' * 43}")
    show = f"import hub.settings; print(hub.settings.{name})"

    def start(value: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", show],
            env=dict(os.environ) | production | rings | {name: value},
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )

    assert start("").stdout.startswith("Rate(requests=")
    refused = start("off")
    assert refused.returncode
    assert f"{name} must be" in refused.stderr.splitlines()[-1]
