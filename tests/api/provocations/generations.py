"""Errors of generations and quotes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from generations.models import Quote
from generations.services.idempotency import in_progress
from tests.api.provocations.scene import Ask, Scene, provokes
from tests.files import picture
from tests.rest import GENERATIONS

VIDEO = {"model": "veo-3.1-generate-001", "prompt": "Waves."}


def quoted(scene: Scene) -> str:
    answer = scene.caller.post("/api/v1/quotes", VIDEO)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["quote_id"])


@provokes("unknown_model")
def a_model_that_is_not_there(scene: Scene) -> Ask:
    return lambda: scene.caller.submit(model="gpt-5")


@provokes("model_shut_down")
def a_model_after_its_end(scene: Scene) -> Ask:
    catalogue = scene.settings.HUB_CATALOGUE.read_text()
    table = '[models."gemini-3.8-flash"]\n'
    scene.settings.HUB_CATALOGUE = scene.folder / "catalogue.toml"
    scene.settings.HUB_CATALOGUE.write_text(catalogue.replace(table, table + "shutdown_at = 2020-01-01T00:00:00Z\n"))
    return scene.caller.submit


@provokes("invalid_parameters")
def a_parameter_that_the_model_has_not(scene: Scene) -> Ask:
    return lambda: scene.caller.submit(**VIDEO, parameters={"fps": 24})


@provokes("prompt_too_long")
def a_prompt_beyond_the_models_limit(scene: Scene) -> Ask:
    return lambda: scene.caller.submit(model=VIDEO["model"], prompt="x" * 200_000)


@provokes("invalid_inputs")
def a_file_for_a_model_that_takes_none(scene: Scene) -> Ask:
    sent = scene.new_media(scene.caller.user, picture(), "image/png").id
    return lambda: scene.caller.submit(model="lyria-002", inputs=[{"media_id": str(sent)}])


@provokes("unknown_media")
def a_file_of_somebody_else(scene: Scene) -> Ask:
    theirs = scene.new_media(scene.stranger.user, picture(), "image/png").id
    return lambda: scene.caller.submit(inputs=[{"media_id": str(theirs)}])


@provokes("cost_above_max")
def a_job_that_may_cost_next_to_nothing(scene: Scene) -> Ask:
    return lambda: scene.caller.submit(**VIDEO, max_cost="0.01")


@provokes("quote_expired")
def a_quote_of_yesterday(scene: Scene) -> Ask:
    quote, made_at = quoted(scene), timezone.now() - timedelta(hours=2)
    Quote.objects.filter(id=quote).update(created_at=made_at, expires_at=made_at + timedelta(minutes=10))
    return lambda: scene.caller.submit(**VIDEO, quote_id=quote)


@provokes("quote_mismatch")
def a_quote_for_something_else(scene: Scene) -> Ask:
    quote = quoted(scene)
    return lambda: scene.caller.submit(model=VIDEO["model"], prompt="Something else.", quote_id=quote)


@provokes("too_many_jobs")
def one_job_more_than_may_be_in_flight(scene: Scene) -> Ask:
    scene.settings.MAX_JOBS_IN_FLIGHT = {**scene.settings.MAX_JOBS_IN_FLIGHT, "text": 1}
    assert scene.caller.submit().status_code == 202
    return scene.caller.submit


@provokes("not_cancelable")
def the_end_of_what_has_ended(scene: Scene) -> Ask:
    ended = scene.new_generation(scene.caller.user, status="succeeded", cost="0").id
    return lambda: scene.caller.post(f"{GENERATIONS}/{ended}/cancel")


def submit_once(scene: Scene, key: str, **order: Any) -> Any:
    body = {"model": "gemini-3.8-flash", "prompt": "Once.", **order}
    return scene.caller.post(GENERATIONS, body, Idempotency_Key=key)


@provokes("idempotency_key_reused")
def another_body_under_the_same_key(scene: Scene) -> Ask:
    assert submit_once(scene, "order-17").status_code == 202
    return lambda: submit_once(scene, "order-17", prompt="Twice.")


@provokes("idempotency_in_progress")
def a_key_that_is_being_worked_on(scene: Scene) -> Ask:
    def submit() -> Any:
        with in_progress(scene.caller.user.id, key):
            return submit_once(scene, key)

    key = str(uuid4())
    return submit
