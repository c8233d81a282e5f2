"""A hub with all that stands around it, and what was driven through it so far."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b32decode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from django_otp.oath import totp

from hub.env import BASE_DIR
from tests.canary.mailbox import Mailbox, running_mailbox
from tests.canary.search import Place
from tests.canary.values import Values
from tests.receiver import Receiver, running_receiver
from tests.stack import Answer, Client, HubStack, Template
from users.tests.signin.browser import Browser
from users.tests.signin.provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider

_DRIVEN = re.compile(r"hub_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{20,}|whsec_[A-Za-z0-9+/=]{16,}")


@dataclass
class World:
    """The flows write down what they were answered, where that is a refusal, and what was printed for operators."""

    stack: HubStack
    provider: Provider
    mailbox: Mailbox
    receiver: Receiver
    # Where reports of errors and traces go.
    sentry: Receiver
    collector: Receiver
    postgres_log: Path
    postgres_log_before: int
    values: Values = field(default_factory=Values)
    said: list[Place] = field(default_factory=list)
    printed: list[Place] = field(default_factory=list)
    queued: list[Place] = field(default_factory=list)
    # Email, password and the secret of the second factor of the member of the staff.
    staff: tuple[str, str, str] = ("", "", "")
    # The id of a client who is to be erased.
    leaving: str = ""
    closing: ExitStack = field(default_factory=ExitStack)

    def browser(self) -> PersonsBrowser:
        """Of somebody new, from an address of their own."""
        browser = PersonsBrowser(self)
        self.closing.callback(browser.client.close)
        return browser

    def as_client(self, client: Client) -> ClientFromSomewhere:
        """The client, calling from an address of its own."""
        return ClientFromSomewhere(client.base_url, client.id, client.api_key, self, self.values.address())

    def refused(self, where: str, status: int, headers: Any, body: bytes) -> None:
        """Keeps an answer that is a refusal."""
        if status >= 400:
            lines = "".join(f"{name}: {value}\n" for name, value in dict(headers).items())
            self.said.append(Place(where, f"{status}\n{lines}\n".encode() + body))

    def learn_secrets_in(self, text: str) -> None:
        """API keys and webhook secrets that the hub has made."""
        for found in _DRIVEN.findall(text):
            self.values.learn("api key" if found.startswith("hub_") else "webhook secret", found)

    def log_in_json(self, part: str) -> None:
        """From now on; what it has said until now stays in its log as lines for people."""
        self.stack.kill(part)
        self.stack.env["LOG_FORMAT"] = "json"
        self.stack.start(part)

    def manage(self, *commands: Sequence[str], **env: str) -> list[str]:
        """What these commands of an operator's print, one after the other; some may refuse."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.canary.batch"],
            input=json.dumps(commands),
            env=self.stack.env | env,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        self.printed.append(Place("log of commands", done.stderr.encode()))
        results = json.loads(done.stdout)
        for result in results:
            self.printed.append(Place(f"manage.py {result['words'][0]}", result["said"].encode()))
        return [result["said"] for result in results]


@dataclass(frozen=True)
class ClientFromSomewhere(Client):
    """Its refusals are kept, and the secrets that it is given are learned."""

    world: World
    ip: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        answer = super().call(method, path, body, **{"X_Forwarded_For": self.ip, **headers})
        self._note(answer)
        return answer

    def send(self, body: bytes, content_type: str, path: str) -> Answer:
        answer = super().send(body, content_type, path)
        self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        self.world.refused("error bodies of the API", answer.status, answer.headers, answer.body)
        if answer.status in (200, 201) and answer.headers.get("content-type", "").startswith("application/json"):
            self.world.learn_secrets_in(answer.body.decode())


class PersonsBrowser(Browser):
    """Its refusals are kept; session cookies are learned whenever they change."""

    def __init__(self, world: World) -> None:
        super().__init__(world.stack.base_url)
        self.world = world
        self.client.headers["X-Forwarded-For"] = world.values.address()
        self.client.event_hooks = {"response": [self._note]}

    def _note(self, response: httpx2.Response) -> None:
        if str(response.url).startswith(self.hub):
            response.read()
            self.world.refused("refusals of the pages", response.status_code, response.headers, response.content)
        for name in ("sessionid", "signin_flow"):
            cookie = response.cookies.get(name)
            if cookie and len(cookie) > 8:
                self.world.values.learn(name, cookie.strip('"'))

    def enrol(self) -> str:
        """Sets up a second factor, and gives its secret."""
        page = self.get("/signin/second-factor/setup").text
        secret = self.world.values.learn("second factor", re.findall(r'class="secret">([A-Z2-7]+)<', page)[0])
        shown = self.post("/signin/second-factor/setup", {"code": code_of(secret)}, form="/signin/second-factor/setup")
        for code in re.findall(r"<code>([a-z2-7-]{16,19})</code>", shown.text):
            self.world.values.learn("recovery code", code)
            self.world.values.learn("recovery code", code.replace("-", ""))
        return secret


def code_of(secret: str) -> str:
    """What the app shows now."""
    return f"{totp(b32decode(secret)):06d}"


@contextmanager
def running_world(folder: Path, template: Template, **settings: str) -> Iterator[World]:
    """All of it runs until the block ends; everything is logged that can be."""
    log = Path(os.environ["HUB_VAR"]) / "logs" / "postgresql.log"
    with (
        running_provider() as provider,
        running_mailbox() as mailbox,
        running_receiver() as receiver,
        running_receiver() as sentry,
        running_receiver() as collector,
    ):
        for each in (sentry, collector):
            each.will_answer(200)
        around = {
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "line",
            "SENTRY_DSN": f"http://0123456789abcdef@127.0.0.1:{sentry.port}/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "TRUSTED_PROXIES": "1",
            "WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mailbox.port),
            "EMAIL_USE_TLS": "false",
            "OIDC_PROVIDERS": "corp",
            "OIDC_CORP_ISSUER": provider.url,
            "OIDC_CORP_CLIENT_ID": CLIENT_ID,
            "OIDC_CORP_CLIENT_SECRET": CLIENT_SECRET,
            "OIDC_ALLOWED_DOMAINS": "*",
            "OIDC_SIGN_UP": "true",
            "AUDIT_SETTLE_SECONDS": "0.1",
        }
        before = log.stat().st_size if log.exists() else 0
        with HubStack(folder, template, **{**around, **settings}) as stack:
            world = World(stack, provider, mailbox, receiver, sentry, collector, log, before)
            world.values.learn("client secret", CLIENT_SECRET)
            _learn_what_the_provider_gives(world)
            with world.closing:
                yield world


def _learn_what_the_provider_gives(world: World) -> None:
    """Codes, tokens, states, nonces and verifiers, as they come by."""
    from flask import request

    app = world.provider.app

    def learn(response: Any) -> Any:
        if request.path == "/oauth2/authorize":
            for name in ("state", "nonce"):
                world.values.learn(f"oauth {name}", request.args[name])
            for found in re.findall(r"[?&]code=([^&]+)", response.headers.get("Location", "")):
                world.values.learn("oauth code", found)
        if request.path == "/oauth2/token":
            if "code_verifier" in request.form:
                world.values.learn("oauth verifier", request.form["code_verifier"])
            for name in ("access_token", "refresh_token", "id_token"):
                if token := (response.get_json(silent=True) or {}).get(name):
                    world.values.learn(f"oauth {name}", token)
        return response

    app.after_request(learn)
