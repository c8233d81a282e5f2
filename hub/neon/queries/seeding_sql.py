"""How the server itself makes the rows (see seeding.py): years of use, spread evenly, a moment after the other."""

from __future__ import annotations

ACCOUNTS = """
    INSERT INTO users (id, created_at, password, is_superuser, status, legal_hold_reason, is_staff)
    SELECT uuidv7(), now() - interval '400 days', '', false, 'active', '', false
    FROM generate_series(1, %(accounts)s)"""
KEYS = """
    INSERT INTO api_keys (id, created_at, owner_id, name, prefix, secret_hash, pepper_kid, scopes)
    SELECT uuidv7(), created_at, id, 'seeded', substr(md5(id::text), 1, 12), sha256(uuid_send(id)), 'seeded',
        ARRAY['usage:read'] FROM users WHERE id = ANY(%(others)s)"""
QUOTAS = """
    INSERT INTO quotas (id, created_at, user_id, kind, period, "limit")
    SELECT uuidv7(), created_at, id, '', period, 1000 FROM users, unnest(ARRAY['day', 'month', 'total']) AS period
    WHERE id = ANY(%(others)s)"""
PERIODS = """
    INSERT INTO quota_periods (id, created_at, quota_id, starts_at, ends_at, "limit", spent, held, last_updated_at)
    SELECT uuidv7(), now(), id, date_trunc(period, now(), 'UTC'), NULL, "limit", 0, 0, now()
    FROM quotas WHERE period <> 'total'"""
LEDGER = """
    INSERT INTO usage_logs (id, created_at, user_id, api_key_id, reference, attempt_id, model, kind, units, prices,
        cost, estimate, latency_ms, outcome, confirmed, estimated, over_hold, provider_request_id, request_id, tags)
    SELECT uuidv7(moment - now()), moment,
        CASE WHEN n %% 50 = 0 THEN %(user_id)s ELSE (%(others)s::uuid[])[1 + (n * 7919) %% %(accounts)s] END,
        CASE WHEN n %% 50 = 0 THEN %(key_id)s END, uuidv7(moment - now()), uuidv7(moment - now()),
        (ARRAY['gemini-3.8-flash', 'gemini-3.8-pro', 'imagen-4.0-generate-001', 'veo-3.1-generate-001'])[1 + n %% 4],
        (ARRAY['text', 'text', 'image', 'video'])[1 + n %% 4],
        '{"input_token": 10, "output_token": 265}',
        '{"input_token": {"variant": "", "price_id": "p", "usd": "0.0000003"},
          "output_token": {"variant": "", "price_id": "p", "usd": "0.0000025"}}',
        0.0006655, 0.0016, 800 + n %% 400,
        CASE WHEN n %% 40 = 0 THEN 'failed' ELSE 'succeeded' END, true, n %% 500 = 0, false, 'provider-' || n,
        'request-' || n, ARRAY['campaign-' || (n / 50) %% 5]
    FROM (SELECT n, %(start)s + %(span)s * (n::float8 / %(rows)s) AS moment
        FROM generate_series(1::bigint, %(rows)s) AS n)"""
DAYS = """
    INSERT INTO usage_daily (id, created_at, day, model, kind, shard, requests, cost, input_tokens, output_tokens,
        cached_tokens, audio_tokens, image_tokens, video_tokens, images, video_seconds, songs, clips)
    SELECT uuidv7(), now(), (created_at AT TIME ZONE 'UTC')::date, model, kind,
        get_byte(uuid_send(attempt_id), 15) %% 8,
        count(*), sum(cost), sum((units->>'input_token')::bigint), sum((units->>'output_token')::bigint),
        0, 0, 0, 0, 0, 0, 0, 0
    FROM usage_logs GROUP BY 3, 4, 5, 6 ON CONFLICT DO NOTHING"""
# One job in five of those that the ledger knows, and what hangs on it.
FIFTH = "get_byte(uuid_send(attempt_id), 15) < 51"
JOBS = f"""
    INSERT INTO generations (id, created_at, owner_id, api_key_id, kind, model, adapter, prompt, parameters, tags,
        status, estimate, cost, rates, variants, units, error_code, error_message, error_stage, charged, retryable,
        request_id,
        idempotency_key, request_hash, admitted_at, attempts_made, started_at, finished_at)
    SELECT reference, created_at, user_id, api_key_id, kind, model, 'gemini', %(prompt)s, %(parameters)s, tags,
        outcome, estimate, cost, '{{}}', '{{}}', units, '', '', '', true, false, request_id,
        '', '', created_at, 1, created_at, created_at
    FROM usage_logs WHERE {FIFTH}"""
CALLS = f"""
    INSERT INTO generation_attempts (id, created_at, generation_id, number, state, operation_name, error_code,
        provider_request_id, latency_ms, finished_at)
    SELECT attempt_id, created_at, reference, 1, outcome, '', '', provider_request_id, latency_ms, created_at
    FROM usage_logs WHERE {FIFTH}"""
HOLDS = f"""
    INSERT INTO quota_holds (id, created_at, reference, user_id, kind, amount, state, expires_at, periods, cost,
        closed_at)
    SELECT uuidv7(created_at - now()), created_at, reference, user_id, kind, estimate, 'settled', created_at,
        ARRAY[reference], cost, created_at
    FROM usage_logs WHERE {FIFTH}"""
FILES = f"""
    INSERT INTO media (id, created_at, owner_id, reference, position, kind, mime_type, bytes, sha256, width, height,
        storage, key, expires_at, deleted_at)
    SELECT uuidv7(created_at - now()), created_at, user_id, reference, 0, 'image', 'image/png', 7139, repeat('0', 64),
        60, 40, 'file', 'generations/' || reference, created_at + interval '2 years', NULL
    FROM usage_logs WHERE {FIFTH} AND kind <> 'text'"""
INPUTS = """
    INSERT INTO generation_inputs (id, created_at, generation_id, media_id, position, role)
    SELECT uuidv7(), created_at, reference, id, 0, '' FROM media WHERE get_byte(uuid_send(reference), 15) < 64"""
DELIVERIES = f"""
    INSERT INTO webhook_deliveries (id, created_at, owner_id, endpoint_id, event_id, event_type, generation_id,
        payload, state, attempts, last_error, delivered_at)
    SELECT uuidv7(created_at - now()), created_at, user_id,
        CASE WHEN get_byte(uuid_send(reference), 15) < 8 THEN %(some_id)s ELSE %(most_id)s END, uuidv7(),
        'generation.succeeded',
        reference, '{{}}', 'delivered', 1, '', created_at
    FROM usage_logs WHERE {FIFTH} AND kind = 'text'"""
TRAIL = f"""
    INSERT INTO audit_logs (id, created_at, actor_id, actor_label, action, target_type, target_id, request_id,
        subject_id, data)
    SELECT uuidv7(created_at - now()), created_at, user_id, '', 'generation.submitted', 'generation', reference,
        request_id, user_id, '{{}}'
    FROM usage_logs WHERE {FIFTH}"""
REST = (KEYS, QUOTAS, PERIODS, JOBS, CALLS, HOLDS, FILES, INPUTS, DELIVERIES, TRAIL)
