"""Errors of prices, quotas and the ledger."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from tests.api.conftest import new_usage
from tests.api.provocations.scene import Ask, Scene, provokes
from usage.models import ModelPrice


@provokes("model_unpriced")
def a_model_whose_prices_have_ended(scene: Scene) -> Ask:
    now = timezone.now()
    for price in ModelPrice.objects.filter(model="gemini-3.8-flash", effective_from__lte=now):
        ModelPrice.objects.close(price_id=price.pk, former=price.effective_to, at=now)
    return scene.caller.submit


@provokes("no_quota")
def an_account_that_was_given_nothing(scene: Scene) -> Ask:
    return scene.new_caller(quota=None).submit


@provokes("quota_exceeded")
def an_account_with_too_little(scene: Scene) -> Ask:
    return scene.new_caller(quota="0.000001").submit


@provokes("quota_held")
def a_second_job_where_one_fits(scene: Scene) -> Ask:
    estimate = Decimal(scene.caller.submit().json()["estimate_usd"])
    busy = scene.new_caller(quota=str(estimate * Decimal("1.5")))
    assert busy.submit().status_code == 202
    return busy.submit


@provokes("summary_too_large")
def more_days_than_an_answer_holds(scene: Scene) -> Ask:
    scene.monkeypatch.setattr("usage.summary.MOST_GROUPS", 2)
    for days in range(3):
        new_usage(scene.caller, created_at=timezone.now() - timedelta(days=days))
    return lambda: scene.caller.get("/api/v1/usage/summary?group_by=day")
