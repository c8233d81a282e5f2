"""With a browser: signing up, in, wrongly, by a provider, with a second factor; a forgotten password; the console."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, quote, urlsplit

from tests.canary.world import PersonsBrowser, World, code_of
from tests.stack import eventually

LOGIN, FACTOR, ACCOUNT = "/admin/login/", "/signin/second-factor", "/signin/account"


def sign_up(world: World) -> PersonsBrowser:
    """A client nobody knew: an account is made, and a key."""
    values, browser = world.values, world.browser()
    email = values.new("email", "{}.Ann@example.com")
    claims = {
        "name": values.new("claim of a provider", "Ann {}"),
        "picture": f"https://x/{values.new('claim of a provider')}",
    }
    subject = values.new("oauth subject")
    world.provider.person(subject, email=email, email_verified=True, **claims)
    assert browser.sign_in(subject, next_url=f"{ACCOUNT}?{values.new('next url')}").status_code == 302
    assert email.lower() in browser.get(ACCOUNT).text
    made = browser.post("/signin/keys", {"name": values.new("key name"), "scopes": ["usage:read"]}, form=ACCOUNT)
    assert made.status_code in (201, 422), made.text
    world.learn_secrets_in(made.text)
    refused = {"name": values.new("key name of a refusal"), "scopes": values.new("scope of a refusal"), "days": "x"}
    assert browser.post("/signin/keys", refused, form=ACCOUNT).status_code == 422
    return browser


def provider_dance(world: World, browser: PersonsBrowser) -> None:
    """Refreshed, unlinked, linked; declined, forged, and by somebody who may not."""
    values = world.values
    links = re.findall(r"/signin/links/([0-9a-f-]+)/refresh", browser.get(ACCOUNT).text)
    assert browser.post(f"/signin/links/{links[0]}/refresh", form=ACCOUNT).status_code == 302
    stranger = world.browser()
    unverified = values.new("oauth subject")
    world.provider.person(unverified, email=values.new("email", "{}@example.com"), email_verified=False)
    assert stranger.sign_in(unverified).status_code == 403
    stranger.begin()
    wrong = f"state={values.new('oauth state of a refusal')}&code={values.new('oauth code of a refusal')}"
    assert stranger.get(f"/signin/with/corp/callback?{wrong}").status_code == 400
    stranger.begin()
    said = f"error=access_denied&error_description={values.new('words of a provider')}"
    assert stranger.get(f"/signin/with/corp/callback?{said}").status_code == 400
    world.provider.is_down = True
    browser.post(f"/signin/links/{links[0]}/refresh", form=ACCOUNT)
    world.provider.is_down = False
    assert browser.post(f"/signin/links/{links[0]}/unlink", form=ACCOUNT).status_code == 302


def staff_signs_in(world: World) -> PersonsBrowser:
    """A member of the staff: made by an operator, wrong and right passwords, a second factor, the way in with both."""
    values, browser = world.values, world.browser()
    email, password = values.new("email", "{}.Staff@Example.com"), values.new("password", 'p "ü& {}')
    command = ["create_staff", email, "--password-env", "STAFF_PASSWORD"]
    leaving = ["create_client", values.new("email", "{}@example.com"), "--json"]
    _, made = world.manage(command, leaving, STAFF_PASSWORD=password)
    world.learn_secrets_in(made)
    world.leaving = json.loads(made)["id"]

    def enter(password: str, username: str = email, next_url: str = "/admin/") -> int:
        fields = {"username": username, "password": password, "next": next_url}
        return browser.post(LOGIN, fields, form=LOGIN).status_code

    assert enter(values.new("password", "wrong {}")) == 200
    assert enter(values.new("password"), values.new("email", "{}@nobody.example")) == 200
    assert enter(values.new("password"), values.new("name that is no address")) == 200
    assert enter(password) == 302
    secret = browser.enrol()
    browser.post("/signin/out", form=ACCOUNT)
    searched = f"/admin/users/user/?q={quote(email)}"
    assert enter(password, next_url=searched) == 302
    wrong = {"code": values.new("one-time code", "{}")}
    assert browser.post(FACTOR, wrong, form=FACTOR).status_code == 403
    world.staff = (email, password, secret)
    return browser


def second_step(world: World, browser: PersonsBrowser) -> None:
    """The code that lets in, once the pause after the wrong one is over."""
    _, _, secret = world.staff
    statement = "UPDATE second_factors SET last_step = -1, throttling_failure_timestamp = NULL RETURNING 1"
    world.stack.rows(statement)
    assert browser.post(FACTOR, {"code": code_of(secret)}, form=FACTOR).status_code == 302
    assert browser.get("/admin/").status_code == 200


def forgotten_password(world: World) -> None:
    """Asked for by the member of the staff and by nobody, with wrong links, weak passwords, and at last a good one."""
    values, browser = world.values, world.browser()
    email, _, _ = world.staff
    for address in (values.new("email", "{}@nobody.example"), values.new("name that is no address"), email):
        assert browser.post("/signin/password", {"email": address}, form="/signin/password").status_code == 200
    [mail] = eventually(lambda: world.mailbox.to(email), "the mail with the link")
    [url] = re.findall(r"http\S+", mail.get_content())
    link = {name: found[0] for name, found in parse_qs(urlsplit(url).query).items()}
    values.learn("reset token", link["token"])
    form = urlsplit(url).path + "?" + urlsplit(url).query

    def send(password: str, **changes: str) -> int:
        fields = {**link, "new_password1": password, "new_password2": password, **changes}
        return browser.post("/signin/password/new", fields, form=form).status_code

    assert send(values.new("password"), token=values.new("reset token of a refusal")) == 400
    assert send(values.new("password")[:8]) == 422
    assert send(values.new("password"), new_password2=values.new("password")) == 422
    assert send(values.new("password", 'new "ü {}')) == 200
    assert send(values.new("password")) == 400
    eventually(lambda: len(world.mailbox.to(email)) == 2, "the notice")


def console(world: World, browser: PersonsBrowser, subject_id: str) -> None:
    """Every list and one row of each, searched; their own password is changed, after wrong tries."""
    values = world.values
    for found in sorted(set(re.findall(r'href="(/admin/[a-z]+/[a-z]+/)"', browser.get("/admin/").text))):
        page = browser.get(found)
        assert page.status_code == 200, found
        rows = re.findall(rf'href="({found}[^"/]+/change/)', page.text)
        assert not rows or browser.get(rows[0]).status_code == 200
        assert (
            browser.get(f"{found}?q={quote(values.new('search of the console', '{}@example.com'))}").status_code == 200
        )
    own, changed = "/admin/password_change/", values.new("password", 'next "ü {}')
    guess = values.new("password")
    right, weak = world.staff[1], values.new("password")[:8]
    for former, new, status in ((guess, changed, 200), (right, weak, 200), (right, changed, 302)):
        fields = {"old_password": former, "new_password1": new, "new_password2": new}
        assert browser.post(own, fields, form=own).status_code == status
    world.staff = (world.staff[0], changed, world.staff[2])
    assert browser.get(f"/admin/users/user/{subject_id}/change/").status_code == 200
    assert browser.get(f"/admin/{values.new('path of a refusal')}/").status_code in (302, 404)


def reveals(world: World, browser: PersonsBrowser, subject_id: str) -> None:
    """Looks at what the console hides: of an account, a key, a job and an entry, for reasons; and without one."""
    values = world.values
    job = world.stack.rows("SELECT id FROM generations WHERE owner_id = %s AND prompt IS NOT NULL LIMIT 1", subject_id)
    key = world.stack.rows("SELECT id FROM api_keys WHERE owner_id = %s AND networks IS NOT NULL LIMIT 1", subject_id)
    entry = world.stack.rows("SELECT id FROM audit_logs WHERE subject_id = %s AND ip IS NOT NULL LIMIT 1", subject_id)
    for path in (
        *(f"users/user/{subject_id}", f"users/apikey/{key[0]['id']}"),
        *(f"generations/generation/{job[0]['id']}", f"audit/auditlog/{entry[0]['id']}"),
    ):
        url = f"/admin/{path}/reveal/"
        [once] = re.findall(r'name="once" value="([0-9a-f-]{36})"', browser.get(url).text)
        reason = values.new("reason of a reveal")
        assert browser.post(url, {"reason": reason, "once": once}, form=url).status_code == 200, url
        assert browser.post(url, {"reason": reason, "once": once}, form=url).status_code == 409, url
        too_long = {"reason": values.new("reason of a reveal") * 40, "once": once}
        assert browser.post(url, too_long, form=url).status_code == 422
