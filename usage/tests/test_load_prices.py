"""Prices are loaded from a file after its difference was shown; the past stays."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import AuditLog
from usage.errors import PriceFileInvalid, PriceHistoryFixed, PricesChangedMeanwhile
from usage.models import ModelPrice
from usage.price_file import parse_prices
from usage.selectors import rate_card
from usage.services import load_prices, plan_prices

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def block(price: str, since: str, *, to: str = "", model: str = "m") -> str:
    end = f"to = {to}\n" if to else ""
    return f'[[prices]]\nmodel = "{model}"\nfrom = {since}\n{end}source = "list"\neach = {{ song = "{price}" }}\n'


def ahead(**distance: float) -> str:
    return (NOW + timedelta(**distance)).isoformat()


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., str]:
    def load(*blocks: str, options: tuple[str, ...] = ("--yes",)) -> str:
        file, output = tmp_path / "list.toml", io.StringIO()
        file.write_text("".join(blocks))
        call_command("load_prices", str(file), *options, stdout=output)
        return output.getvalue()

    return load


def rows() -> list[tuple[str, datetime, datetime | None]]:
    return [(str(row.price.normalize()), row.effective_from, row.effective_to) for row in ModelPrice.objects.all()]


Load = Callable[..., str]


def test_it_loads_the_file_of_the_repository_and_a_second_time_finds_nothing_to_do() -> None:
    call_command("load_prices", "--yes", stdout=io.StringIO())
    loaded, output = ModelPrice.objects.count(), io.StringIO()
    call_command("load_prices", "--yes", stdout=output)
    assert f"0 new, 0 closing, {loaded} unchanged" in output.getvalue()
    assert ModelPrice.objects.count() == loaded > 50
    assert AuditLog.objects.filter(action="prices.loaded").count() == 1


def test_it_closes_the_former_price_where_the_next_one_starts(load: Load) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    load(block("1", "2026-01-01"))
    next_start = NOW + timedelta(days=1)
    shown = load(block("1", "2026-01-01"), block("2", next_start.isoformat()))
    assert f"~ m song: 1.00 closes open -> {next_start:%Y-%m-%d %H:%M}" in shown
    assert f"+ m song: 2.00 from {next_start:%Y-%m-%d %H:%M}" in shown
    assert "Loaded: 1 new, 1 ended." in shown
    assert rows() == [("1", start, next_start), ("2", next_start, None)]
    assert rate_card(model="m", at=next_start - timedelta(microseconds=1)).cost({"song": 1}) == 1
    assert rate_card(model="m", at=next_start).cost({"song": 1}) == 2


def test_it_ends_a_price_on_its_word(load: Load) -> None:
    load(block("1", "2026-01-01"))
    load(block("1", "2026-01-01", to=ahead(days=1)))
    assert rows() == [("1", datetime(2026, 1, 1, tzinfo=UTC), NOW + timedelta(days=1))]


def test_it_brings_an_announced_rise_forward(load: Load) -> None:
    announced = [block("1", "2026-01-01"), block("4", ahead(days=9))]
    load(*announced)
    load(*announced, block("2", ahead(days=3)))
    assert [(price, end) for price, _, end in rows()] == [
        ("1", NOW + timedelta(days=3)),
        ("2", NOW + timedelta(days=9)),
        ("4", None),
    ]


def test_it_keeps_what_the_file_does_not_name(load: Load) -> None:
    load(block("1", "2026-01-01"))
    assert "1 loaded earlier and not in the file (kept)" in load(block("1", "2026-01-01", model="n"))
    assert rate_card(model="m").cost({"song": 1}) == 1


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([block("1.5", "2026-01-01")], "was loaded as 1.00 and cannot become 1.50"),
        ([block("1", "2026-01-01"), block("2", "2026-02-01")], "that is past and other prices of it were loaded"),
        ([block("2", "2025-01-01"), block("1", "2026-01-01")], "that is past and other prices of it were loaded"),
        ([block("1", "2026-01-01", to="2026-03-01")], "its end (open) cannot become 2026-03-01 00:00 UTC"),
        (
            [block("1", "2026-01-01", to="2099-02-01"), block("2", "2099-01-01")],
            "ends at 2099-02-01 00:00 UTC, after the next one starts at 2099-01-01 00:00 UTC",
        ),
    ],
)
def test_it_refuses_to_edit_the_past(blocks: list[str], message: str, load: Load) -> None:
    load(block("1", "2026-01-01"))
    before = rows()
    with pytest.raises(CommandError) as refusal:
        load(*blocks)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert isinstance(refusal.value.__cause__, PriceHistoryFixed | PriceFileInvalid)
    assert rows() == before
    assert AuditLog.objects.filter(action="prices.loaded").count() == 1


def test_it_refuses_to_open_an_end_again(load: Load) -> None:
    load(block("1", "2026-01-01", to=ahead(days=1)))
    with pytest.raises(CommandError, match="cannot become open"):
        load(block("1", "2026-01-01"))


def test_it_only_looks_on_a_dry_run(load: Load) -> None:
    assert "1 new" in load(block("1", "2026-01-01"), options=("--dry-run",))
    assert not ModelPrice.objects.exists()
    assert not AuditLog.objects.filter(action="prices.loaded").exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "loaded"), [("y", 1), ("Yes", 1), ("", 0), ("n", 0)])
def test_it_asks_on_a_terminal(answer: str, loaded: int, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    monkeypatch.setattr("builtins.input", lambda question: answer)
    load(block("1", "2026-01-01"), options=())
    assert ModelPrice.objects.count() == loaded


def test_it_loads_nothing_when_nobody_can_confirm(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="--yes"):
        load(block("1", "2026-01-01"), options=())
    assert not ModelPrice.objects.exists()


def test_it_says_in_one_line_what_is_wrong_with_the_file(load: Load, tmp_path: Path) -> None:
    with pytest.raises(CommandError) as refusal:
        load(block("one", "2026-01-01"))
    assert "list.toml: prices block 1 (m): 'song' must be an amount" in str(refusal.value)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_prices", str(tmp_path / "none.toml"))
    assert not ModelPrice.objects.exists()


def test_it_audits_what_was_loaded(load: Load) -> None:
    load(block("1", "2026-01-01"))
    entry: Any = AuditLog.objects.get(action="prices.loaded")
    assert entry.data["source"] == "list.toml"
    assert entry.data["added"] == ["m song 1.000000000 from 2026-01-01"]


def test_it_changes_nothing_when_somebody_else_was_faster(load: Load) -> None:
    load(block("1", "2026-01-01"))
    plan = plan_prices(entries=parse_prices(block("1", "2026-01-01") + block("2", ahead(days=2))))
    load(block("1", "2026-01-01"), block("3", ahead(days=1)))
    before = rows()
    with pytest.raises(PricesChangedMeanwhile):
        load_prices(plan=plan, source="late.toml")
    assert rows() == before
    fresh = plan_prices(entries=parse_prices(block("1", "2026-01-01", model="new")))
    ModelPrice.objects.create(model="new", unit="song", price=Decimal(9), effective_from=NOW, source="x")
    with pytest.raises(PricesChangedMeanwhile):
        load_prices(plan=fresh, source="late.toml")
    assert ModelPrice.objects.filter(model="new").count() == 1
