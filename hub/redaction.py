"""Takes secrets and people out of texts that leave the hub on the side: log lines, traces, reports of errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"
DEEPEST = 12

# Names whose value is a secret, in headers, URLs, JSON and Python's own notation.
_NAMES = (
    r"(?:[\w-]*(?:password|passwd|secret|api[_-]?key|access[_-]?token|refresh[_-]?token|id[_-]?token|signature|dsn)"
    r"|authorization|proxy-authorization|set-cookie|cookie|sessionid|csrftoken|csrfmiddlewaretoken|x-goog-api-key)"
)
_SECRETS = re.compile(
    r"hub_[A-Za-z0-9]{12}_[A-Za-z0-9_\-]{20,}"  # our API keys
    r"|whsec_[A-Za-z0-9+/=]{16,}"  # secrets of webhook endpoints
    r"|AIza[A-Za-z0-9_\-]{30,}"  # Google's API keys
    r"|ya29\.[A-Za-z0-9_\-.]{20,}"  # Google's access tokens
    r"|napi_[A-Za-z0-9]{20,}|npg_[A-Za-z0-9]{10,}"  # Neon's API keys and passwords
    r"|eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"  # signed tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b[A-Za-z][\w\-]{0,31}:[A-Za-z0-9_\-]{43}(?![A-Za-z0-9_\-])=?"  # a key of one of our rings
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # credentials in a URL
    r"|(?<=://)[A-Za-z0-9]{16,}(?=@)"  # the public key in a Sentry DSN
    r"|(?i:(?<=bearer )|(?<=basic )|(?<=[?&]key=))[A-Za-z0-9._~+/=\-]{8,}",
    re.DOTALL,
)
_NAMED = re.compile(
    rf"(?i)(?P<name>(?<![\w-]){_NAMES}[\"']?\s*(?:=>|[=:])\s*)(?!\[redacted\])"
    r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&)}\]\"']+)"
)
# Of these headers all that follows is secret.
_HEADERS = re.compile(r"(?i)(?P<name>(?<![\w-])(?:proxy-authorization|authorization|set-cookie|cookie): )[^\n\"']+")
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{1,64}@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
# What PostgreSQL adds to an error quotes rows and statements; it goes on until the next part of the message or the
# next error of a chain. Both ways of writing a line's end: as it is, and within a quoted string.
_QUOTED_BY_POSTGRES = re.compile(
    r"(?:\b|(?<=\\n))(?P<part>DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+): .*?"
    r"(?=(?:\n|\\n)(?:HINT|DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+): "
    r"|\n\n(?:The above exception|During handling)|\nTraceback \(most recent|\Z)",
    re.DOTALL,
)
_WRONG_VALUE = re.compile(
    r"(?P<said>invalid input (?:syntax for type [\w ]+|value for enum [\w.\"]+)"
    r"|value out of range|malformed \w+ literal"
    r"|invalid byte sequence for encoding \"\w+\"|invalid value for parameter \"\w+\"): ?\"?[^\n]*"
)


def redact(text: str) -> str:
    """The text without keys, tokens, passwords, cookies and addresses of mail, and without what PostgreSQL quotes.

    May be repeated: a redacted text stays as it is.
    """
    text = _QUOTED_BY_POSTGRES.sub(rf"\g<part>: {REDACTED}", text)
    text = _WRONG_VALUE.sub(rf"\g<said>: {REDACTED}", text)
    text = _SECRETS.sub(REDACTED, text)
    for named in (_HEADERS, _NAMED):
        text = named.sub(rf"\g<name>{REDACTED}", text)
    return _EMAIL.sub(REDACTED, text)


def redacted(value: Any, depth: int = 0) -> Any:
    """The same shape with every text in it redacted: of mappings, lists and tuples; a value under a secret's name goes
    whole. Anything else that is not a number, a truth value or None becomes its redacted text."""
    if depth > DEEPEST:
        return REDACTED
    if isinstance(value, Mapping):
        return {_text(key): _under(key, inner, depth) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(inner, depth + 1) for inner in value]
    return value if isinstance(value, bool | int | float | None) else _text(value)


def _under(key: object, value: Any, depth: int) -> Any:
    is_secret = isinstance(key, str) and re.fullmatch(_NAMES, key, re.IGNORECASE)
    return REDACTED if is_secret and value is not None else redacted(value, depth + 1)


def _text(value: object) -> str:
    return redact(value if isinstance(value, str) else str(value))
