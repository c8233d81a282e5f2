"""What every log line looks like, and what is kept out of it.

The filters stand on the handlers (those of loggers do not see the records of their children), and the formatters
redact once more what they were given. Nothing here needs Django: gunicorn's master logs the same way.
"""

from __future__ import annotations

import logging
import logging.config
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import structlog

from hub.common.request_id import current_request_id
from hub.redaction import redact, redacted

__all__ = ["RedactFilter", "RequestIdFilter", "configuration", "configure", "log_what_nobody_caught", "redact"]

FORMATS = ("json", "line")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
QUIET = {
    **{name: {"level": "WARNING"} for name in ("httpx2", "httpcore2", "google_genai", "celery", "opentelemetry")},
    # Django gives these handlers of their own, past the filters.
    **{name: {"handlers": [], "propagate": True} for name in ("django", "django.server")},
    # A refused request is the client's affair and has its own answer; it is not a line of ours.
    "django.request": {"level": "ERROR"},
    # It quotes the host that was asked for, whatever somebody has put there.
    "django.security.DisallowedHost": {"level": "CRITICAL"},
}
# Whatever else a record has came as `extra`. Django adds the request itself, whose text quotes the whole address.
OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "request_id", "request", "_logger", "_name")
}
logger = logging.getLogger(__name__)


class RequestIdFilter(logging.Filter):
    """Gives every record the id of the request being worked on."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id() or "-"
        return True


class RedactFilter(logging.Filter):
    """Takes secrets out of the message, the traceback and whatever else the record carries."""

    _tracebacks = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, dict):
            # structlog's: the message and its facts in one.
            record.msg = redacted(_with_traceback(record.msg, self._tracebacks))
        else:
            record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = self._tracebacks.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        record.stack_info = redact(record.stack_info) if record.stack_info else None
        for name in vars(record).keys() - OF_EVERY_RECORD:
            setattr(record, name, redacted(getattr(record, name)))
        return True


def _with_traceback(event: dict[str, Any], tracebacks: logging.Formatter) -> dict[str, Any]:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, BaseException):
        error = (type(error), error, error.__traceback__)
    if error and error[0]:
        event["exception"] = tracebacks.formatException(error)
    return event


def configuration(*, log_format: str, level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig` (Django's LOGGING): one handler, on standard error, for everybody's lines.

    `log_format` is "json" (one object a line) or "line" (for people).
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestIdFilter}, "redact": {"()": RedactFilter}},
        "formatters": {name: {"()": f"hub.logs.{name}_formatter"} for name in FORMATS},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": log_format,
                "filters": ["request_id", "redact"],
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": QUIET,
    }


def configure(settings: dict[str, Any]) -> None:
    """Has this process log that way; structlog's loggers too, which go through the same handlers."""
    logging.config.dictConfig(settings)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def json_formatter() -> logging.Formatter:
    """One JSON object a line: timestamp, level, logger, request_id, event, then the record's own facts."""
    renderer = structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    return EventFormatter(lambda event: str(renderer(None, "", event)))


def line_formatter() -> logging.Formatter:
    """A line for people; facts behind the message as name=value, a traceback below."""
    return EventFormatter(_as_line)


class EventFormatter(logging.Formatter):
    """Any record, of logging or of structlog, as one event; redacted also where a handler has no filters."""

    def __init__(self, render: Callable[[dict[str, Any]], str]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        said = record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}
        event = {
            "timestamp": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{record.msecs:03.0f}",
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "process": record.process,
            "thread": record.threadName,
            **said,
            **{name: getattr(record, name) for name in vars(record).keys() - OF_EVERY_RECORD},
        }
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        event |= {"exception": record.exc_text} if record.exc_text else {}
        event |= {"stack": record.stack_info} if record.stack_info else {}
        return self._render(redacted(event))


def _as_line(event: dict[str, Any]) -> str:
    said = event.pop("event", "")
    below = "".join(f"\n{event.pop(name)}" for name in ("stack", "exception") if name in event)
    start = "{timestamp} {level} {logger} [{request_id}] ".format(**event)
    facts = "".join(f" {name}={value}" for name, value in event.items() if name not in _IN_FRONT)
    return f"{start}{said}{facts}{below}"


_IN_FRONT = frozenset({"timestamp", "level", "logger", "request_id", "process", "thread"})


def log_what_nobody_caught(*, in_threads: bool = False) -> None:
    """From now on an error that ends the process, or a thread of it, is a log line, redacted like the others."""
    sys.excepthook = _log_uncaught
    if in_threads:
        threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logger.critical("the process ends by an error that nobody caught", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is None or issubclass(what.exc_type, SystemExit):
        return
    name = what.thread.name if what.thread else "?"
    found = (what.exc_type, what.exc_value, what.exc_traceback)
    logger.critical("the thread %s ends by an error that nobody caught", name, exc_info=found)
