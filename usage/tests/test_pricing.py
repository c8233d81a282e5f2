"""What units cost, to the last digit, at the prices of the file and of the moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage.enums import Unit
from usage.errors import ModelUnpriced
from usage.pricing import Rate, RateCard
from usage.selectors import prices_in_force, rate_card

NOVEMBER = datetime(2026, 11, 22, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, tzinfo=UTC)
JUST = timedelta(microseconds=1)
TOKENS = {"input_token": 1001, "cached_token": 77, "output_token": 333}


@pytest.mark.usefixtures("prices")
@pytest.mark.parametrize(
    ("model", "at", "units", "variants", "usd"),
    [
        ("gemini-3.8-flash", NOVEMBER, TOKENS, {}, "0.002005275"),
        ("gemini-3.8-flash", NOVEMBER, {"cached_token": 1}, {}, "0.000000075"),
        ("gemini-3.8-flash", JANUARY - JUST, TOKENS, {}, "0.002005275"),
        ("gemini-3.8-flash", JANUARY, TOKENS, {}, "0.004010550"),
        ("gemini-4-argon", DECEMBER - JUST, TOKENS, {}, "0.005339700"),
        ("gemini-4-argon", DECEMBER, TOKENS, {}, "0.010679400"),
        ("gemini-4-argon", JANUARY, TOKENS, {}, "0.010679400"),
        ("gemini-3.5-flash-lite", NOVEMBER, {"audio_token": 1000, "input_token": 1}, {}, "0.0003003"),
        ("gemini-2.5-pro", NOVEMBER, {"input_token": 200_000, "output_token": 10}, {}, "0.2501"),
        ("gemini-2.5-pro", NOVEMBER, {"input_token": 200_001, "output_token": 10}, {}, "0.5001525"),
        ("gemini-2.5-pro", NOVEMBER, {"input_token": 100_000, "cached_token": 100_000}, {}, "0.1375"),
        ("gemini-2.5-pro", NOVEMBER, {"input_token": 100_000, "cached_token": 100_001}, {}, "0.27500025"),
        ("gemini-2.5-pro", NOVEMBER, {"input_token": 1, "audio_token": 200_000}, {}, "0.5000025"),
        ("gemini-2.5-pro", NOVEMBER, {"input_token": 10, "output_token": 900_000}, {}, "9.0000125"),
        ("gemini-3.1-pro-preview", NOVEMBER, {"input_token": 250_000, "output_token": 7}, {}, "1.000126"),
        (
            "gemini-3.1-flash-image",
            NOVEMBER,
            {"input_token": 20, "output_token": 5, "image_token": 1120},
            {},
            "0.067225",
        ),
        ("gemini-3-pro-image", NOVEMBER, {"input_token": 20, "image_token": 1120}, {}, "0.13444"),
        (
            "gemini-2.5-flash-image",
            NOVEMBER,
            {"input_token": 20, "cached_token": 20, "image_token": 1290},
            {},
            "0.038712",
        ),
        ("imagen-4.0-generate-001", NOVEMBER, {"image": 4}, {}, "0.16"),
        ("gemini-omni-1.2-flash", NOVEMBER, {"input_token": 30, "video_token": 46336}, {}, "0.5676475"),
        ("gemini-omni-1.1-flash", NOVEMBER, {"input_token": 30, "video_token": 46336}, {}, "0.810925"),
        ("veo-3.1-generate-001", NOVEMBER, {"video_second": 8}, {"video_second": "720p"}, "3.20"),
        ("veo-3.1-generate-001", NOVEMBER, {"video_second": 8}, {"video_second": "4k"}, "4.80"),
        ("veo-3.1-fast-generate-001", NOVEMBER, {"video_second": 6}, {"video_second": "1080p"}, "0.72"),
        ("veo-3.1-lite-generate-001", NOVEMBER, {"video_second": 4}, {"video_second": "1080p"}, "0.32"),
        ("lyria-3.5", NOVEMBER, {"song": 1}, {}, "0.08"),
        ("lyria-3-clip-preview", NOVEMBER, {"clip": 2}, {}, "0.08"),
        ("lyria-002", NOVEMBER, {"clip": 1}, {}, "0.06"),
        ("lyria-002", NOVEMBER, {"clip": 0, "song": 0}, {}, "0"),
        ("lyria-002", NOVEMBER, {}, {}, "0"),
    ],
)
def test_it_prices_to_the_last_digit(
    model: str, at: datetime, units: Mapping[str, int], variants: Mapping[str, str], usd: str
) -> None:
    assert rate_card(model=model, at=at).cost(units, variants) == Decimal(usd)


@pytest.mark.usefixtures("prices")
@pytest.mark.parametrize(
    ("model", "units", "variants"),
    [
        ("veo-3.1-generate-001", {"video_second": 8}, {}),
        ("veo-3.1-generate-001", {"video_second": 8}, {"video_second": "360p"}),
        ("veo-3.1-lite-generate-001", {"video_second": 8}, {"video_second": "4k"}),
        ("gemini-3.8-flash", {"input_token": 3, "image_token": 1}, {}),
        ("gemini-3.8-flash", {"input_token": 3}, {"input_token": "batch"}),
        ("lyria-3.5", {"clip": 1}, {}),
    ],
)
def test_it_never_takes_a_missing_price_for_nothing(
    model: str, units: Mapping[str, int], variants: Mapping[str, str]
) -> None:
    card = rate_card(model=model, at=NOVEMBER)
    with pytest.raises(ModelUnpriced) as refusal:
        card.cost(units, variants)
    assert (refusal.value.code, refusal.value.status) == ("model_unpriced", 422)
    assert refusal.value.facts["model"] == model


@pytest.mark.usefixtures("prices")
@pytest.mark.parametrize(
    ("model", "at", "units"),
    [
        ("gemini-9", NOVEMBER, ()),
        ("gemini-3.8-flash", datetime(2026, 10, 31, tzinfo=UTC), ()),
        ("gemini-3.8-flash", NOVEMBER, ("input_token", "image_token")),
        ("imagen-4.0-generate-001", NOVEMBER, ("image", "audio_token")),
    ],
)
def test_it_refuses_a_model_without_a_price_now(model: str, at: datetime, units: tuple[str, ...]) -> None:
    with pytest.raises(ModelUnpriced):
        rate_card(model=model, at=at, units=units)


@pytest.mark.usefixtures("prices")
def test_it_takes_cached_and_audio_tokens_for_input_where_they_have_no_price() -> None:
    card = rate_card(model="gemini-3.1-flash-image", at=NOVEMBER, units=("cached_token", "audio_token", "image_token"))
    assert card.cost({"cached_token": 2, "audio_token": 2}) == card.cost({"input_token": 4})


@pytest.mark.usefixtures("prices")
def test_it_names_the_prices_used_and_what_has_none() -> None:
    card = rate_card(model="gemini-2.5-pro", at=NOVEMBER)
    priced = card.price({"input_token": 200_001, "output_token": 2, "video_token": 5, "song": 0})
    assert priced.unpriced == ("video_token",)
    assert priced.cost == card.cost({"input_token": 200_001, "output_token": 2})
    row = prices_in_force(at=NOVEMBER).get(model="gemini-2.5-pro", unit="input_token", variant="above_200k")
    assert set(priced.prices) == {"input_token", "output_token"}
    assert priced.prices["input_token"] == {"variant": "above_200k", "price_id": str(row.pk), "usd": "0.0000025"}


@pytest.mark.usefixtures("prices")
def test_it_keeps_the_prices_of_the_moment_with_the_job() -> None:
    card = rate_card(model="gemini-4-argon", at=DECEMBER - JUST)
    assert RateCard.from_json(card.as_json()) == card != rate_card(model="gemini-4-argon", at=DECEMBER)


@pytest.mark.django_db
def test_it_reads_a_card_with_one_query(prices: None, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        rate_card(model="veo-3.1-generate-001", units=("video_second",))


PLAIN_UNITS = [unit.value for unit in Unit]
amounts = st.decimals(min_value=0, max_value=100, places=9)
plain_cards = st.fixed_dictionaries(dict.fromkeys(PLAIN_UNITS, amounts)).map(
    lambda prices: RateCard.of("m", [Rate(unit, "", usd, "id") for unit, usd in prices.items()])
)
counts = st.dictionaries(st.sampled_from(PLAIN_UNITS), st.integers(min_value=0, max_value=10**7))


@given(card=plain_cards, one=counts, other=counts)
def test_its_costs_add_up(card: RateCard, one: dict[str, int], other: dict[str, int]) -> None:
    both = {unit: one.get(unit, 0) + other.get(unit, 0) for unit in {*one, *other}}
    assert card.cost(both) == card.cost(one) + card.cost(other)


@given(card=plain_cards, units=counts)
def test_its_costs_are_exact_and_never_negative(card: RateCard, units: dict[str, int]) -> None:
    exact = sum(Fraction(card.rates[unit, ""].usd) * count for unit, count in units.items())
    assert Fraction(card.cost(units)) == exact >= 0


@given(card=plain_cards, units=counts)
def test_its_costs_survive_being_kept(card: RateCard, units: dict[str, int]) -> None:
    assert RateCard.from_json(card.as_json()).cost(units) == card.cost(units)


@given(card=plain_cards, units=counts, unit=st.sampled_from(PLAIN_UNITS))
def test_more_never_costs_less(card: RateCard, units: dict[str, int], unit: str) -> None:
    assert card.cost({**units, unit: units.get(unit, 0) + 1}) >= card.cost(units)


@given(card=plain_cards, unit=st.sampled_from(PLAIN_UNITS), count=st.integers(max_value=-1))
def test_it_refuses_a_negative_count(card: RateCard, unit: str, count: int) -> None:
    with pytest.raises(ValueError, match=unit):
        card.cost({unit: count})
