"""A malformed file of prices is refused with one line that names the entry."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.conf import settings

from usage.errors import PriceFileInvalid
from usage.price_file import parse_prices

GOOD = """
[[prices]]
model = "lyria-3.5"
from = 2026-11-01
source = "list"
each = { song = "0.08" }
"""


def test_it_reads_the_file_of_the_repository() -> None:
    entries = parse_prices(settings.HUB_PRICES.read_text())
    assert len({entry.key.model for entry in entries}) == 17
    assert {entry.key.model for entry in entries if entry.uncertain} == {
        "gemini-3.8-flash",
        "gemini-omni-1.2-flash",
        "imagen-4.0-generate-001",
    }


def test_it_reads_amounts_dates_and_variants() -> None:
    content = """
    [[prices]]
    model = "m"
    from = 2026-11-01
    to = 2026-12-01T01:00:00+01:00
    source = "list"
    uncertain = true
    per_million = { "input_token/above_200k" = "0.075" }
    each = { "video_second/4k" = "0.6" }
    """
    tokens, seconds = sorted(parse_prices(content), key=lambda entry: entry.key.unit)
    assert (tokens.key.unit, tokens.key.variant, tokens.usd) == ("input_token", "above_200k", Decimal("0.000000075"))
    assert (seconds.key.unit, seconds.key.variant, seconds.usd) == ("video_second", "4k", Decimal("0.6"))
    assert tokens.effective_from == datetime(2026, 11, 1, tzinfo=UTC)
    assert tokens.effective_to == datetime(2026, 12, 1, tzinfo=UTC)
    assert tokens.uncertain is True


@pytest.mark.parametrize(
    ("former", "wrong", "message"),
    [
        ('"0.08"', '"0.O8"', "block 1 (lyria-3.5): 'song' must be an amount in quotes"),
        ('"0.08"', "0.08", "block 1 (lyria-3.5): 'song' must be an amount in quotes"),
        ('"0.08"', '"NaN"', "'song' must be an amount"),
        ('"0.08"', '"-1"', "'song' must be an amount"),
        ('"0.08"', '"1_0"', "'song' must be an amount"),
        ('"0.08"', '"0.0000000001"', "at most 9 decimals"),
        ('"0.08"', '"1000000000000"', "'song' must be an amount"),
        ('"0.08"', '"1e99999999999"', "'song' must be an amount"),
        ("song", "sonf", "'sonf' is no unit"),
        ("song", '"song/"', "a variant has 1 to 20 characters"),
        ("song", f'"song/{"x" * 21}"', "a variant has 1 to 20 characters"),
        ("2026-11-01", '"2026-11-01"', "'from' must be a date"),
        ("2026-11-01", "2026-11-01T00:00:00", "'from' must be a date"),
        ("from = 2026-11-01", "from = 2026-11-01\nto = 2026-11-01", "'to' must be later than 'from'"),
        ("from = 2026-11-01", "", "block 1 (lyria-3.5): from is missing"),
        ('source = "list"', 'source = ""', "'source' must be a text"),
        ('source = "list"', 'source = "list"\nuncertain = "yes"', "'uncertain' must be true or false"),
        ('source = "list"', 'source = "list"\nprice = 3', "price is not known here"),
        ('model = "lyria-3.5"', "model = 3", "'model' must be a text"),
        ('model = "lyria-3.5"', "", "block 1 (no model): model is missing"),
        ('{ song = "0.08" }', "{}", "it has no amounts"),
        ('{ song = "0.08" }', '"0.08"', "'each' must be a table"),
        ("[[prices]]", "[[prises]]", "must consist of [[prices]] blocks"),
        ("[[prices]]", "[prices]", "must consist of [[prices]] blocks"),
        ("[[prices]]", "[[prices]", "This is not TOML"),
        ("[[prices]]", GOOD + "[[prices]]", "lyria-3.5 song from 2026-11-01 00:00 UTC is there 2 times"),
    ],
)
def test_it_names_the_entry_that_is_wrong(former: str, wrong: str, message: str) -> None:
    assert former in GOOD
    with pytest.raises(PriceFileInvalid) as refusal:
        parse_prices(GOOD.replace(former, wrong))
    assert message in refusal.value.detail
    assert "\n" not in refusal.value.detail


@pytest.mark.parametrize("content", ["", "prices = 3", "prices = [3]", "prices = []", 'prices = [{ model = ["a"] }]'])
def test_it_refuses_what_is_no_file_of_prices(content: str) -> None:
    with pytest.raises(PriceFileInvalid):
        parse_prices(content)
