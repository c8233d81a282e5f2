"""The functions that write where no entry is written beside them: where it is, or why there is none."""

from __future__ import annotations

RUN = "the run of the purge is one entry with its counts (purge.ran: audit/purge_runs.py)"
ERASURE = "part of an erasure, which is user.anonymised with the number of rows, and then privacy.erasure_verified"
JOB = "within a job's submission, steps and end, each of which is an entry (generation.*)"
OWN_ROW = "the row is itself the record, append-only or shown to its owner, of an event that has its entry"
LEASE = "who works on a job at the moment; nothing of the job changes"
SEAL = "a seal is part of the trail, numbered and chained: an entry for it would need a seal for ever"
SCRATCH = "rows of a scratch database, which is dropped at the end"
NOTE = "a note of an object that is to leave the storage; why it goes has its entry (media.deleted, purge.ran, exports)"

ELSEWHERE = {
    "hub.common.personal_data.erase": ERASURE,
    "audit.services.record": "the entry",
    "audit.models.put_under": SEAL,
    "audit.sealing._seal": SEAL,
    "audit.sealing._seal_next": SEAL,
    "audit.models.mark_purged": RUN,
    "audit.purging.purge_seal": RUN,
    "users.purging.sessions._delete": RUN,
    "usage.models.ledger.remove_purged": RUN,
    "usage.purging._delete": RUN,
    "generations.purging.names._unname_jobs": RUN,
    "generations.purging.names._unname_files": RUN,
    "generations.purging.names._delete_quotes": RUN,
    "generations.purging.prompts._blank": RUN,
    "users.personal_data.note": ERASURE,
    "users.personal_data.close": ERASURE,
    "users.privacy.replay._erase_again": ERASURE,
    "users.signin.revoking.note_tokens": ERASURE,
    "users.signin.revoking.revoke_erased": ERASURE + "; the receipt says what became of the tokens",
    "media.personal_data.note": ERASURE,
    "generations.personal_data.close": ERASURE,
    "generations.services.forget.note": ERASURE,
    "generations.services.forget.forget_all": ERASURE + "; the receipt says what the providers did",
    "users.signin.revoking.note_unlinked": "oauth_account.unlinked, of who calls it (users/signin/accounts.py)",
    "usage.models.prices.close": "prices.loaded, of who calls it (usage/services/prices.py)",
    "usage.models.quotas.void": "no door calls it; whoever builds one says so on the trail",
    "generations.services.lease.renew": LEASE,
    "hub.neon.queries.seeding._account": SCRATCH,
    "hub.neon.queries.seeding._waiting_job": SCRATCH,
    "usage.services.holds.hold_quota": JOB,
    "usage.services.holds.start_periods": JOB,
    "usage.services.holds._take": JOB,
    "usage.services.holds._end": JOB,
    "usage.services.ledger.log_usage": JOB,
    "usage.services.ledger._add_to_day": JOB,
    "media.services.record_file": JOB,
    "generations.services.admission.find_place": JOB,
    "generations.services.admission.promote": JOB,
    "generations.services.attempts._step": JOB,
    "generations.services.idempotency.release_old": JOB,
    "generations.services.inputs.attach": JOB,
    "generations.services.lease.take": LEASE,
    "generations.services.lease.release": LEASE,
    "generations.webhooks.outbox.write": JOB,
    "generations.webhooks.delivery._claim": OWN_ROW,
    "generations.webhooks.delivery._succeed": OWN_ROW,
    "generations.webhooks.delivery._write": OWN_ROW,
    "generations.webhooks.delivery._count_failure": OWN_ROW + "; an endpoint that is turned off for it is an entry",
    "media.archives.drop": NOTE,
    "media.removing.confirm": NOTE,
    "media.removing.note_all": NOTE,
    "media.removing.note_at_once": NOTE,
    "media.removing.put_off": NOTE,
    "generations.api.webhook_views.post": "the service that it calls records it; its name is only like Django's",
    "generations.api.webhook_views.delete": "as the one before",
}
