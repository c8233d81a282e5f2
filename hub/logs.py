"""Filters of the log handlers (not of loggers: those do not see the records of their children)."""

from __future__ import annotations

import logging
import re

from hub.common.request_id import current_request_id

_SECRETS = re.compile(
    r"hub_[A-Za-z0-9]{12}_[A-Za-z0-9_\-]{20,}"  # our API keys
    r"|whsec_[A-Za-z0-9+/=]{16,}"  # secrets of webhook endpoints
    r"|AIza[A-Za-z0-9_\-]{30,}"  # Google's API keys
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # credentials in a URL
    r"|(?i:(?<=bearer )|(?<=[?&]key=))[A-Za-z0-9._~+/=\-]{8,}"
)
# What PostgreSQL adds to an error quotes rows and statements; it goes on until the next part of the message or the
# next error of a chain. Both ways of writing a line's end: as it is, and within a quoted string.
_QUOTED_BY_POSTGRES = re.compile(
    r"(?:\b|(?<=\\n))(?P<part>DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+): .*?"
    r"(?=(?:\n|\\n)(?:HINT|DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+): "
    r"|\n\n(?:The above exception|During handling)|\nTraceback \(most recent|\Z)",
    re.DOTALL,
)
REDACTED = "[redacted]"


def redact(text: str) -> str:
    """The text without API keys, webhook secrets, bearer tokens, passwords in URLs, and what PostgreSQL quotes."""
    return _SECRETS.sub(REDACTED, _QUOTED_BY_POSTGRES.sub(rf"\g<part>: {REDACTED}", text))


class RequestIdFilter(logging.Filter):
    """Gives every record the id of the request being worked on."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id() or "-"
        return True


class RedactFilter(logging.Filter):
    """Takes secrets out of the message and the traceback."""

    _tracebacks = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = self._tracebacks.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True
