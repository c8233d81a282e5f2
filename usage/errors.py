"""What can be wrong with money."""

from __future__ import annotations

from collections.abc import Sequence

from hub.common.errors import HubError


class ModelUnpriced(HubError):
    """This model has no price at the moment for something that it bills; without a price nothing is run."""

    code = "model_unpriced"
    status = 422
    title = "No price"
    remedy = "Choose another model, or ask whoever runs the hub to price this one."
    fact_names = {"model": "the model", "unit": "what has no price", "variant": "which sort of it"}


class NoQuota(HubError):
    """This account has no quota for this kind of work; ask for one."""

    code = "no_quota"
    status = 402
    title = "No quota"
    remedy = "Ask whoever runs the hub for a quota."
    fact_names = {"kind": "the kind of work"}


class QuotaRefusal(HubError):
    """The request does not fit into a quota.

    The fact `policies` lists every quota that applies: {kind, period, limit_usd, spent_usd, held_usd, requested_usd,
    remaining_usd, resets_at}, amounts as decimal strings. It does not fit where `remaining_usd` is below the request.
    """

    status = 402
    fact_names = {"policies": "each quota that applies and where it stands"}

    def __init__(self, *, policies: Sequence[dict[str, str | None]], headers: dict[str, str] | None = None) -> None:
        super().__init__(type(self).__doc__, headers=headers, policies=list(policies))


class QuotaExceeded(QuotaRefusal):
    """This request does not fit into what is left of a quota before it starts anew."""

    code = "quota_exceeded"
    title = "Quota exceeded"
    remedy = "Ask for less, wait until `resets_at` of the policy, or ask for a larger quota."


class QuotaHeld(QuotaRefusal):
    """This request fits once jobs in flight have settled; try again shortly."""

    code = "quota_held"
    title = "Quota held by jobs in flight"
    remedy = "Wait for jobs in flight to end; `Retry-After` says when to try again."
    header_names = ("Retry-After",)
    RETRY_AFTER_SECONDS = 5

    def __init__(self, *, policies: Sequence[dict[str, str | None]]) -> None:
        super().__init__(policies=policies, headers={"Retry-After": str(self.RETRY_AFTER_SECONDS)})


class SummaryTooLarge(HubError):
    """The summary has more groups than one answer holds; choose a shorter range or group by less."""

    code = "summary_too_large"
    status = 422
    title = "The summary is too large"
    remedy = "Choose a shorter range, or group by less."
    fact_names = {"most": "the most groups of one answer"}


class PriceFileInvalid(HubError):
    """The file of prices cannot be used."""

    code = "price_file_invalid"
    status = 422
    title = "Malformed prices"
    is_for_operators = True


class PriceHistoryFixed(HubError):
    """A price that was loaded is not edited, and no price is set for the past."""

    code = "price_history_fixed"
    status = 409
    title = "Prices of the past stay"
    is_for_operators = True
    remedy = "Give the new price a start in the future."


class PricesChangedMeanwhile(HubError):
    """Somebody else loaded prices at the same time; nothing was changed. Look at the difference again."""

    code = "prices_changed_meanwhile"
    status = 409
    title = "Prices changed meanwhile"
    is_for_operators = True
    remedy = "Run load_prices --dry-run, then load_prices again."
