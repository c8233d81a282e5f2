"""One mailbox, one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.common.fields import normalise_email


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("a@example.com", "a@example.com"),
        ("  A.B+tag@EXAMPLE.com\n", "a.b+tag@example.com"),
        ("\uff41\uff20example.com", "a@example.com"),  # full-width letters and @
        ("STRASSE@example.com", "strasse@example.com"),
        ("stra\u00dfe@example.com", "strasse@example.com"),
        ("a@M\u00dcNCHEN.de", "a@xn--mnchen-3ya.de"),
        ("a@XN--MNCHEN-3YA.de", "a@xn--mnchen-3ya.de"),
        ("jos\u0065\u0301@example.com", "jos\u00e9@example.com"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_it_has_one_spelling_for_each_mailbox(given: str, normal: str) -> None:
    assert normalise_email(given) == normal


def test_it_keeps_apart_what_may_be_different_mailboxes() -> None:
    assert normalise_email("ab@example.com") != normalise_email("a.b@example.com")
    assert normalise_email("a+x@example.com") != normalise_email("a@example.com")
    assert normalise_email("a@stra\u00dfe.de") != normalise_email("a@strasse.de")


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        " ",
        "a",
        "@example.com",
        "a@",
        "a b@example.com",
        "a\r\nBcc: x@example.com",
        "a\u200b@example.com",
        "a@@example.com",
        '"a"@example.com',
        "<a@example.com>",
        ".a@example.com",
        "a..b@example.com",
        "a@example..com",
        "a@example.com.",
        "a@-example.com",
        "a@exam ple.com",
        "a@[127.0.0.1]",
        "a\x00@example.com",
        "a\ud800@example.com",
        "a@\ud800.com",
        f"{'a' * 65}@example.com",
        f"a@{'a.' * 200}com",
        "a" * 100_000,
    ],
)
def test_it_refuses_a_malformed_address_without_repeating_it(malformed: str) -> None:
    with pytest.raises(ValueError) as caught:
        normalise_email(malformed)
    assert type(caught.value) is ValueError
    assert len(malformed) < 4 or malformed not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.text(max_size=80), st.sampled_from(["example.com", "EXAMPLE.com", "b\u00fccher.example", "\uff45xample.com"]))
def test_what_is_normal_stays_as_it_is(local: str, domain: str) -> None:
    try:
        normal = normalise_email(f"{local}@{domain}")
    except ValueError:
        return
    assert normalise_email(normal) == normal
