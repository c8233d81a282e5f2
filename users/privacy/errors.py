"""Why a right over one's own data cannot be carried out now. The codes never change."""

from __future__ import annotations

from hub.common.errors import HubError


class ErasureBlocked(HubError):
    """Something stands against the erasure, and nothing was changed; each reason has a code of its own."""

    status = 409
    # Whether it ends by itself, so that the erasure may wait for it.
    passes = False


class LegalHold(ErasureBlocked):
    """The account is under a legal hold: nothing of it may be erased or purged. Nothing was changed."""

    code = "erasure_legal_hold"
    title = "The account is under a legal hold"
    remedy = "Ask whoever runs the hub; the hold is lifted, or ends, before the account can be erased."
    fact_names = {"until": "when the hold ends"}


class StaffNotErased(ErasureBlocked):
    """An account of the staff is not erased: what it did to others must stay attributable. Nothing was changed."""

    code = "erasure_of_staff"
    title = "An account of the staff is not erased"
    remedy = "Take the staff's rights from the account first."


class JobsRunning(ErasureBlocked):
    """Generations of the account have not ended: they are paid work under way. Nothing was changed."""

    code = "erasure_jobs_running"
    title = "Generations have not ended"
    remedy = "Cancel the generations or wait for their end, then ask again."
    fact_names = {"running": "how many have not ended"}
    passes = True


class HoldsOpen(ErasureBlocked):
    """Money of the account is still held for jobs: it is settled first. Nothing was changed."""

    code = "erasure_holds_open"
    title = "Money is still held"
    remedy = "Wait until the jobs in flight have settled, then ask again."
    fact_names = {"open": "how many holds"}
    passes = True


class AlreadyErased(HubError):
    """The account was erased before; there is nothing left to erase."""

    code = "account_already_erased"
    status = 409
    title = "The account was erased before"
    is_for_operators = True


class PrivacyRequestOpen(HubError):
    """A request of this kind is being carried out for the account already; nothing more was done."""

    code = "privacy_request_open"
    status = 409
    title = "Such a request is open already"
    remedy = "Follow the one that is open: `GET /api/v1/me/privacy-requests`."


class ExportNotReady(HubError):
    """The export has not been built yet, or came to nothing; there is no file to fetch."""

    code = "export_not_ready"
    status = 409
    title = "The export is not ready"
    remedy = "Wait until its status is `done`."


class ExportExpired(HubError):
    """The export's time is over and its file is gone."""

    code = "export_expired"
    status = 410
    title = "The export has expired"
    remedy = "Ask for a new one with `POST /api/v1/me/export`."


class ErasureLogBroken(HubError):
    """The log of erasures cannot be read, or not as far as it goes; nothing was replayed from there on."""

    code = "erasure_log_broken"
    status = 500
    title = "The log of erasures cannot be read"
    is_for_operators = True


class HoldNotValid(HubError):
    """A legal hold needs a reason and an end in the future."""

    code = "legal_hold_not_valid"
    status = 422
    title = "The legal hold is not valid"
    is_for_operators = True
