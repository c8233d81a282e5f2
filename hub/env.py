"""Reads settings from the environment, `.env` and `NAME_FILE`, and says in one line which value is wrong."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

from hub.common.periods import wanted_days, whole_days
from hub.common.rates import WANTED, Rate

Value = TypeVar("Value")

BASE_DIR = Path(__file__).resolve().parent.parent
KEY_BYTES = 32

environ.Env.read_env(os.environ.get("HUB_ENV_FILE", BASE_DIR / ".env"))


class Missing(ImproperlyConfigured):
    """A setting that has no default is not set."""


def text(name: str, default: str | None = None) -> str:
    """The value of `NAME`, else the content of the file that `NAME_FILE` points to, else `default`; raises Missing."""
    if os.environ.get(name):
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path:
        return _file_content(name, path)
    if default is None:
        raise Missing(
            f"{name} is not set: put it (or {name}_FILE, the path of a file that holds it) in the environment or .env."
        )
    return default


def _file_content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error


def optional(name: str) -> str | None:
    """The value of `NAME` or `NAME_FILE`, or None when neither is set."""
    return text(name, "") or None


def _parsed(name: str, default: str, parse: Callable[[str], Value], wanted: str) -> Value:
    raw = text(name, default)
    try:
        return parse(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be {wanted}; it is {raw!r}.") from error


def boolean(name: str, default: bool) -> bool:
    """true/false, yes/no, on/off, 1/0; anything else stops the start."""
    return _parsed(name, str(default), _to_boolean, "true or false")


def _to_boolean(raw: str) -> bool:
    lowered = raw.strip().lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("0", "false", "no", "off"):
        return False
    raise ValueError(raw)


def integer(name: str, default: int) -> int:
    """A whole number."""
    return _parsed(name, str(default), int, "a whole number")


def count(name: str, default: int) -> int:
    """A whole number, zero or more."""
    return _parsed(name, str(default), _to_count, "a whole number, zero or more")


def _to_count(raw: str) -> int:
    number = int(raw)
    if number < 0:
        raise ValueError(raw)
    return number


def by_word(name: str, default: int, words: Iterable[str]) -> dict[str, int]:
    """A whole number, one or more, for each of the words: `NAME_WORD`, else `NAME`, else `default`."""
    common = _parsed(name, str(default), _to_one_or_more, "a whole number, one or more")
    named = {word: f"{name}_{word.upper()}" for word in words}
    return {
        word: _parsed(each, str(common), _to_one_or_more, "a whole number, one or more") for word, each in named.items()
    }


def _to_one_or_more(raw: str) -> int:
    number = int(raw)
    if number < 1:
        raise ValueError(raw)
    return number


def seconds(name: str, default: float) -> float:
    """A positive number of seconds."""
    return _parsed(name, str(default), _to_positive, "a positive number of seconds")


def _to_positive(raw: str) -> float:
    number = float(raw)
    if not 0 < number < float("inf"):
        raise ValueError(raw)
    return number


def dollars(name: str) -> Decimal | None:
    """A positive amount of US dollars, or None when it is not set."""
    return _parsed(name, "", _to_dollars, "an amount of US dollars, such as 25 or 19.50") if optional(name) else None


def _to_dollars(raw: str) -> Decimal:
    try:
        amount = Decimal(raw)
    except InvalidOperation as error:
        raise ValueError(raw) from error
    if not amount.is_finite() or amount <= 0:
        raise ValueError(raw)
    return amount


def days(name: str, default: int, *, at_least: int = 1) -> int:
    """A period: a whole number of days, one or more; never nothing, which would take everything away."""
    return _parsed(name, str(default), lambda raw: whole_days(raw, at_least=at_least), wanted_days(at_least))


def one_of_words(name: str, default: Iterable[str]) -> list[str]:
    """Some of the words, separated by commas, or `none`; left out, all of them."""
    known = list(default)
    return _parsed(name, ",".join(known), lambda raw: _to_known(raw, known), f"some of {', '.join(known)}, or none")


def _to_known(raw: str, known: list[str]) -> list[str]:
    found = [] if raw.strip() == "none" else [word.strip() for word in raw.split(",") if word.strip()]
    if not set(found) <= set(known):
        raise ValueError(raw)
    return found


def word(name: str, default: str, known: Collection[str]) -> str:
    """One of the words."""
    return _parsed(name, default, lambda raw: _to_one_of(raw.strip(), known), f"one of {', '.join(known)}")


def _to_one_of(raw: str, known: Collection[str]) -> str:
    if raw not in known:
        raise ValueError(raw)
    return raw


def rate(name: str, default: str, *, may_be_off: bool) -> Rate | None:
    """`REQUESTS/SECONDS[/BURST]`, or None for `off` where that is allowed."""
    if may_be_off and text(name, default).strip().lower() == "off":
        return None
    return _parsed(name, default, Rate.parse, f"{WANTED}{', or off' if may_be_off else ''}")


def directory(path: Path) -> Path:
    """The path, made when it is not there yet; one that cannot be made stops the start."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be made: {error.strerror}. Set HUB_VAR elsewhere.") from error
    return path


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def key_ring(name: str, default: str | None = None) -> tuple[str, ...]:
    """Keys as `kid:base64url`, 32 bytes each, separated by commas; the first writes, all read."""
    ring = tuple(part.strip() for part in text(name, default).split(",") if part.strip())
    for part in ring:
        _check_key(name, part)
    if not ring:
        raise ImproperlyConfigured(f"{name} is empty: it needs at least one key as kid:base64url of {KEY_BYTES} bytes.")
    return ring


def key_name(name: str, *, ring: tuple[str, ...]) -> str:
    """The name of one of the ring's keys; "" when the setting is not there."""
    kid = text(name, "")
    kids = [entry.partition(":")[0] for entry in ring]
    if kid and kid not in kids:
        raise ImproperlyConfigured(f"{name}: there is no key {kid!r} in the ring; it has {', '.join(kids)}.")
    return kid


def _check_key(name: str, part: str) -> None:
    kid, _, encoded = part.partition(":")
    try:
        key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if not kid or len(key) != KEY_BYTES:
        # The key itself is a secret: name the entry by its kid alone.
        raise ImproperlyConfigured(f"{name}: the key {kid!r} must be kid:base64url of exactly {KEY_BYTES} bytes.")


def database(name: str) -> dict[str, object]:
    """Django's DATABASES entry for the postgresql:// URL in `name`."""
    url = text(name)
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"{name} must be a postgresql:// URL; the hub runs on PostgreSQL alone.")
    try:
        parsed: dict[str, object] = dict(environ.Env.db_url_config(url))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is not a valid postgresql:// URL: percent-encode special characters in it."
        ) from error
    return parsed | {"ENGINE": "django.db.backends.postgresql"}
