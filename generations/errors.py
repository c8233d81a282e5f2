"""What may go wrong with a generation, as the client hears it."""

from __future__ import annotations

from hub.common.errors import HubError


class UnknownModel(HubError):
    """This model is not on offer. `GET /api/v1/models` lists those that are."""

    code = "unknown_model"
    status = 422
    title = "Unknown model"
    remedy = "Choose another model from `GET /api/v1/models`."


class ModelShutDown(HubError):
    """The provider has shut this model down. `GET /api/v1/models` lists those on offer."""

    code = "model_shut_down"
    status = 422
    title = "The model is shut down"
    remedy = "Choose another model from `GET /api/v1/models`."


class InvalidParameters(HubError):
    """Some parameters are not valid for this model; `errors` names each."""

    code = "invalid_parameters"
    status = 422
    title = "Invalid parameters"
    remedy = "Correct each parameter that `errors` names; `GET /api/v1/models` has their limits."
    fact_names = {"errors": "`[{field, message}]`, each parameter that is not valid"}


class PromptTooLong(HubError):
    """The prompt is longer than this model takes."""

    code = "prompt_too_long"
    status = 422
    title = "The prompt is too long"
    remedy = "Send a shorter one; `max_prompt_characters` of the model is the most."
    fact_names = {"maximum": "the most characters"}


class InvalidInputs(HubError):
    """Some of the files are not for this model; `errors` names each."""

    code = "invalid_inputs"
    status = 422
    title = "Invalid inputs"
    remedy = "`inputs` of the model in `GET /api/v1/models` says how many files of which types and roles it takes."
    fact_names = {"errors": "`{field, message}` for each file that does not fit"}


class UnknownMedia(HubError):
    """A file that was named does not exist, is deleted, or is not yours; `errors` names each."""

    code = "unknown_media"
    status = 422
    title = "Unknown media"
    remedy = "Name files of yours that `GET /api/v1/media` lists."
    fact_names = {"errors": "`{field, message}` for each file that is not there"}


class IdempotencyInProgress(HubError):
    """A request with this Idempotency-Key is being worked on at this moment; try again to see what it made."""

    code = "idempotency_in_progress"
    status = 409
    title = "Idempotency-Key in progress"
    remedy = "Wait as long as `Retry-After` says, then send the same request with the same key."
    header_names = ("Retry-After",)
    RETRY_AFTER_SECONDS = 1

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": str(self.RETRY_AFTER_SECONDS)})


class TooManyJobs(HubError):
    """As many jobs of this kind as you may have in flight have not ended yet; nothing was held."""

    code = "too_many_jobs"
    status = 429
    title = "Too many jobs in flight"
    remedy = "Wait until some of your jobs have ended, or cancel some; then send the request again."
    fact_names = {
        "kind": "of which kind",
        "limit": "the most of it that may be queued and running at once",
        "in_flight": "how many are",
    }
    header_names = ("Retry-After",)
    RETRY_AFTER_SECONDS = 10

    def __init__(self, *, kind: str, limit: int, in_flight: int) -> None:
        headers = {"Retry-After": str(self.RETRY_AFTER_SECONDS)}
        super().__init__(headers=headers, kind=kind, limit=limit, in_flight=in_flight)


class CostAboveMax(HubError):
    """The most that this can cost is above the `max_cost` that was given; nothing was held."""

    code = "cost_above_max"
    status = 422
    title = "The cost is above the maximum"
    remedy = "Ask for less, or set a higher `max_cost`."
    fact_names = {"estimate_usd": "the most that it can cost", "max_cost_usd": "the `max_cost` that was given"}


class QuoteExpired(HubError):
    """The quote was honoured for 10 minutes, which are over; ask for a new one."""

    code = "quote_expired"
    status = 422
    title = "The quote has expired"
    remedy = "Make a new quote, or leave `quote_id` out."
    fact_names = {"expired_at": "until when it was honoured"}


class QuoteMismatch(HubError):
    """The quote is for another model, prompt, parameters or inputs."""

    code = "quote_mismatch"
    status = 422
    title = "The quote is for another request"
    remedy = "Send the model, prompt and parameters of the quote as they were, or make a new quote."


class NotCancelable(HubError):
    """The generation has already ended."""

    code = "not_cancelable"
    status = 409
    title = "Already ended"
