"""A real OpenID provider over HTTP: oidc-provider-mock, with what it lacks: PKCE is checked, and tokens are revoked."""

from __future__ import annotations

import os
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import werkzeug.serving
from oidc_provider_mock import init_app

from hub.identity import IdentityProvider

CLIENT_ID, CLIENT_SECRET = "hub", "the-secret-of-the-hub"


@dataclass
class Provider:
    """The server, what it was asked, and how it is to differ from a good one."""

    url: str
    app: flask.Flask
    server: Any
    asked: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    challenges: dict[str, str] = field(default_factory=dict)
    # What is put in the place of the discovery document's own values.
    metadata: dict[str, Any] = field(default_factory=dict)
    is_down: bool = False
    revocation_error: str = ""
    observer: Any = None

    def settings(self, name: str = "corp") -> dict[str, IdentityProvider]:
        """For OIDC_PROVIDERS."""
        return {name: IdentityProvider(name, "Corp", self.url, CLIENT_ID, CLIENT_SECRET)}

    def person(self, subject: str, **claims: Any) -> str:
        """Somebody who can sign in there; the subject."""
        with self.app.test_client() as inside:
            assert inside.put(f"/users/{subject}", json=claims).status_code == 204
        return subject

    def end_tokens_of(self, subject: str) -> None:
        """As an administrator there would."""
        with self.app.test_client() as inside:
            assert inside.post(f"/users/{subject}/revoke-tokens").status_code == 204


@contextmanager
def running_provider() -> Iterator[Provider]:
    """On a port of its own, for as long as the context lasts."""
    # Its library refuses plain HTTP otherwise; the hub's side of it never looks at this.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    app = flask.Flask("oidc_provider_mock")
    app.secret_key = b"sessions of the provider"
    init_app(app)
    app.debug = False
    provider = Provider(url="", app=app, server=None)
    _extend(app, provider)
    server = werkzeug.serving.make_server("127.0.0.1", 0, app.wsgi_app, threaded=True)
    provider.url, provider.server = f"http://127.0.0.1:{server.server_port}", server
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def _extend(app: flask.Flask, provider: Provider) -> None:
    @app.before_request
    def notice() -> Any:
        path = flask.request.path
        if path.startswith("/users/"):
            return None
        provider.asked.append(path)
        if provider.observer:
            provider.observer(path)
        if provider.is_down:
            return "away", 503
        return _wrong_verifier(provider) if path == "/oauth2/token" else None

    @app.after_request
    def amend(response: Any) -> Any:
        path = flask.request.path
        if path == "/.well-known/openid-configuration" and response.status_code == 200:
            own = {"revocation_endpoint": f"{provider.url}/oauth2/revoke", "code_challenge_methods_supported": ["S256"]}
            amended = {**response.get_json(), **own, **provider.metadata}
            response.set_data(flask.json.dumps({name: value for name, value in amended.items() if value is not None}))
        if path == "/oauth2/authorize" and response.status_code == 302:
            [code] = parse_qs(urlsplit(response.headers["Location"]).query).get("code", [""])
            provider.challenges[code] = flask.request.args.get("code_challenge", "")
            assert flask.request.args.get("code_challenge_method") == "S256"
        return response

    @app.post("/oauth2/revoke")
    def revoke() -> Any:
        assert flask.request.authorization is not None
        assert flask.request.authorization.password == CLIENT_SECRET
        token = flask.request.form["token"]
        if provider.revocation_error:
            return flask.jsonify({"error": provider.revocation_error}), 400
        provider.revoked.append(token)
        return ""


def _wrong_verifier(provider: Provider) -> Any:
    """RFC 7636, section 4.6."""
    form = flask.request.form
    if form.get("grant_type") != "authorization_code" or form.get("code") not in provider.challenges:
        return None
    digest = sha256(form.get("code_verifier", "").encode()).digest()
    if urlsafe_b64encode(digest).rstrip(b"=").decode() == provider.challenges[form["code"]]:
        return None
    return flask.jsonify({"error": "invalid_grant"}), 400
