"""A browser: a real HTTP client with cookies that follows the dance step by step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx2

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def changed(url: str, **query: str | None) -> str:
    """The URL with these values in its query; None takes one out."""
    parts = urlsplit(url)
    values = {**dict(parse_qsl(parts.query)), **query}
    return urlunsplit(
        parts._replace(query=urlencode({name: value for name, value in values.items() if value is not None}))
    )


class Browser:
    """Of one person, at one hub."""

    def __init__(self, hub: str) -> None:
        self.hub = hub
        self.client = httpx2.Client(follow_redirects=False, timeout=30, trust_env=False)

    def get(self, path: str) -> httpx2.Response:
        """A page of the hub, or any URL."""
        return self.client.get(path if "://" in path else self.hub + path)

    def post(self, path: str, data: Mapping[str, object] | None = None, *, form: str = "/signin/") -> httpx2.Response:
        """As the form on that page would send it."""
        found = _CSRF.search(self.get(form).text)
        token = found[1] if found else self.client.cookies.get("csrftoken", "")
        fields = {"csrfmiddlewaretoken": token, **(data or {})}
        return self.client.post(self.hub + path, data=fields, headers={"Referer": self.hub + form})

    def begin(self, provider: str = "corp", next_url: str = "") -> str:
        """The click on the button: where it leads."""
        answer = self.post(f"/signin/with/{provider}/start", {"next": next_url})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def agree(self, authorization_url: str, subject: str) -> str:
        """What the person does at the provider: the URL that it sends them back to."""
        assert self.client.get(authorization_url).status_code == 200
        answer = self.client.post(authorization_url, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def sign_in(self, subject: str, *, provider: str = "corp", next_url: str = "") -> httpx2.Response:
        """All of it; the hub's answer to the way back."""
        return self.get(self.agree(self.begin(provider, next_url), subject))

    def link(self, subject: str, *, provider: str = "corp") -> httpx2.Response:
        """Links while signed in."""
        answer = self.post(f"/signin/with/{provider}/link", form="/signin/account")
        assert answer.status_code == 302, answer.text
        return self.get(self.agree(answer.headers["Location"], subject))

    @property
    def is_in(self) -> bool:
        """Whether somebody is signed in."""
        return self.get("/signin/account").status_code == 200
