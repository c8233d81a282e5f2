"""Log lines: one shape for everybody's, with the request id, and without secrets, people and what PostgreSQL quotes."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.utils.log import DEFAULT_LOGGING

from hub import env, logs
from hub.common.request_id import working_for
from hub.redaction import REDACTED, redact, redacted
from users.services import create_user

CANARY = "c4n4ryVALUEthatNobodyMaySee0123456789abcdefg"
# What must not stand in a line, in the forms in which it gets there.
SECRETS = {
    "our key": f"hub_abcdefghijkl_{CANARY}",
    "a webhook's secret": f"whsec_{CANARY}",
    "Google's key": f"AIza{CANARY}",
    "Google's token": f"ya29.{CANARY}",
    "Neon's key": f"napi_{CANARY.lower()}",
    "a bearer": f"Authorization: Bearer {CANARY}",
    "basic credentials": f"'authorization': 'Basic {CANARY}'",
    "a database": f"postgresql://app:{CANARY}@db.example.com/hub",
    "a broker without a name": f"rediss://:{CANARY}@redis.example.com:6379/0",
    "a reporter's address": f"https://{CANARY}@sentry.example.com/1",
    "a signed token": f"eyJhbGciOiJI.eyJzdWIiOiIx{CANARY}.{CANARY}",
    "a key in an address": f"GET /v1?key={CANARY}&x=1",
    "a signed address": f"https://s3.example.com/a?X-Amz-Signature={CANARY}",
    "a password in JSON": json.dumps({"password": CANARY}),
    "a password in Python": repr({"password": CANARY}),
    "a password with a blank": f'client_secret="{CANARY[:9]} {CANARY}"',
    "a header": f"x-goog-api-key: {CANARY}",
    "a cookie": f"Cookie: sessionid={CANARY}",
    "a ring's key": f"FIELD_ENCRYPTION_KEYS=k1:{CANARY[:43]}",
    "a ring's second key": f"k1:{CANARY[:43]},k2:{CANARY[:43]}",
    "a private key": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
    "a mail": f"the mail to {CANARY}@example.org bounced",
    "a row": f'violates unique constraint "u"\nDETAIL:  Key (email_index)=({CANARY}) already exists.',
    "a row of several lines": f"null value\nDETAIL:  Failing row contains (1, {CANARY}\n{CANARY}, null).\nHINT:  none",
    "a statement": f"syntax error\nLINE 1: SELECT '{CANARY}'\n               ^",
    "a context": f'error\nCONTEXT:  COPY t, line 1, column a: "{CANARY}"',
    "a value of a wrong type": f'invalid input syntax for type uuid: "{CANARY}"',
}


class Written(io.StringIO):
    """What a process would have written to standard error."""

    @property
    def lines(self) -> list[str]:
        return self.getvalue().splitlines()

    @property
    def entry(self) -> dict[str, Any]:
        [line] = self.lines
        entry: dict[str, Any] = json.loads(line)
        return entry


@pytest.fixture
def log_as() -> Iterator[Callable[[str], Written]]:
    """Configures logging as a process of that format has it, into a text; puts back what was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def log_as(log_format: str) -> Written:
        written = Written()
        configuration = logs.configuration(log_format=log_format, level="DEBUG")
        configuration["handlers"]["console"]["stream"] = written
        logs.configure(configuration)
        return written

    yield log_as
    logs.configure(settings.LOGGING)
    root.handlers[:] = before
    root.setLevel(level)


def provoke(secret: str) -> None:
    raise RuntimeError(f"could not: {secret}")


def told_every_way(name: str, secret: str) -> None:
    """Each way in which a text can get into a line."""
    log = logging.getLogger(name)
    log.warning("said: %s", secret)
    log.warning("said: " + secret.replace("%", "%%"))
    log.warning("told", extra={"fact": secret, "facts": {"inner": [secret, (secret,)]}, "password": secret})
    try:
        provoke(secret)
    except RuntimeError as error:
        log.exception("it failed")
        log.error("it failed", exc_info=error, stack_info=True)
        try:
            raise ValueError(secret) from error
        except ValueError:
            log.exception("and again")
    structured = structlog.get_logger(name)
    structured.warning("said", secret_fact=secret, facts={"inner": [secret]})
    try:
        provoke(secret)
    except RuntimeError:
        structured.exception("it failed", what=secret)


@pytest.mark.parametrize("log_format", logs.FORMATS)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_no_secret_is_in_any_line(log_as: Callable[[str], Written], log_format: str, secret: str) -> None:
    written = log_as(log_format)
    for name in ("generations.clock", "django.request", "django.db.backends", "celery.worker", "gunicorn.error"):
        told_every_way(name, secret)
    text = written.getvalue()
    assert CANARY[:20] not in text
    assert CANARY[:20].lower() not in text
    assert REDACTED in text
    assert "it failed" in text
    assert "RuntimeError" in text
    if log_format == "json":
        assert all(json.loads(line) for line in written.lines)


def test_what_is_no_secret_stays() -> None:
    plain = (
        "job 0198c9a2-5b1e-7c33-9d0a-0f6f3f2a1b1c ended: token count 512, keys: 3, https://example.com/a?b=1, "
        'relation "users" does not exist, 3:45, signature missing'
    )
    assert redact(plain) == plain


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_redacted_text_stays_as_it_is(secret: str) -> None:
    once = redact(secret)
    assert redact(once) == once


def test_the_shape_of_facts_is_kept() -> None:
    facts = {"n": 1, "ok": True, "none": None, "list": [1.5, "x"], "api_key": "abc", "Cookie": {"a": 1}}
    shaped = {"n": 1, "ok": True, "none": None, "list": [1.5, "x"], "api_key": REDACTED, "Cookie": REDACTED}
    assert redacted(facts) == shaped


def test_what_postgresql_says_of_a_row_is_not_in_the_line(db: None, log_as: Callable[[str], Written]) -> None:
    """The real thing: its DETAIL quotes the row."""
    user = create_user(email="canary@example.org")
    written = log_as("json")
    with pytest.raises(IntegrityError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO users SELECT * FROM users WHERE id = %s", [user.pk])
    assert str(user.pk) in str(raised.value), "PostgreSQL quotes no rows any more: this test tests nothing"
    logging.getLogger("any").error("it failed", exc_info=raised.value)
    entry = written.entry
    assert "users_pkey" in entry["exception"]
    assert f"DETAIL: {REDACTED}" in entry["exception"]
    assert str(user.pk) not in written.getvalue()


def test_a_line_of_json_has_the_request_id_and_its_facts(log_as: Callable[[str], Written]) -> None:
    written = log_as("json")
    with working_for("req-1"):
        logging.getLogger("generations.clock").warning("%d jobs\nin two lines", 3, extra={"seconds": 1.5})
    entry = written.entry
    assert entry["event"] == "3 jobs\nin two lines"
    assert (entry["level"], entry["logger"], entry["request_id"]) == ("WARNING", "generations.clock", "req-1")
    assert entry["seconds"] == 1.5
    assert entry["timestamp"][:2] == "20"


def test_a_line_for_people_is_one_line(log_as: Callable[[str], Written]) -> None:
    written = log_as("line")
    with working_for("req-2"):
        logging.getLogger("generations.clock").warning("%d jobs", 3, extra={"seconds": 1.5})
    [line] = written.lines
    assert line.endswith("WARNING generations.clock [req-2] 3 jobs seconds=1.5")


@pytest.mark.parametrize(
    "name", ["", "django", "django.server", "celery", "celery.task", "gunicorn.error", "py.warnings"]
)
def test_nobody_has_a_handler_past_the_filters(log_as: Callable[[str], Written], name: str) -> None:
    """Django's own have one each, and DEBUG makes them speak."""
    logging.config.dictConfig(DEFAULT_LOGGING)
    log_as("json")
    log = logging.getLogger(name)
    own = [each for each in log.handlers if type(each).__module__ not in ("_pytest.logging",)]
    assert all(any(isinstance(each, logs.RedactFilter) for each in handler.filters) for handler in own)
    assert not name or (log.propagate and not own)


def test_a_warning_of_python_is_a_line(log_as: Callable[[str], Written]) -> None:
    written = log_as("json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(f"old password={CANARY}", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert written.entry["logger"] == "py.warnings"
    assert CANARY not in written.getvalue()


FAILS = f'raise RuntimeError("could not reach postgresql://app:{CANARY}@db/hub")'
IN_A_THREAD = f"""
from hub.logs import log_what_nobody_caught
import threading
log_what_nobody_caught(in_threads=True)
def fail():
    {FAILS}
thread = threading.Thread(target=fail)
thread.start()
thread.join()
raise SystemExit(1)
"""


@pytest.mark.parametrize("fails", [FAILS, IN_A_THREAD], ids=["the process", "a thread"])
def test_an_error_that_nobody_catches_is_a_redacted_line(fails: str) -> None:
    program = f"import django\ndjango.setup()\n{fails}"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=env.BASE_DIR,
        capture_output=True,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "hub.settings", "LOG_FORMAT": "json"},
    )
    assert ended.returncode == 1
    entry = json.loads(ended.stderr.splitlines()[-1])
    assert entry["level"] == "CRITICAL"
    assert "RuntimeError" in entry["exception"]
    assert CANARY not in ended.stderr


@pytest.mark.parametrize(("name", "value"), [("LOG_FORMAT", "xml"), ("LOG_LEVEL", "LOUD")])
def test_a_wrong_word_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    known = logs.FORMATS if name == "LOG_FORMAT" else logs.LEVELS
    with pytest.raises(ImproperlyConfigured, match=f"{name} must be one of"):
        env.word(name, known[0], known)
