CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

CREATE FUNCTION public.audit_exports_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF FALSE THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF FALSE THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of audit_exports refused: the table is append-only', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.audit_logs_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(OLD) - ARRAY['ip', 'seal_number']) = (to_jsonb(NEW) - ARRAY['ip', 'seal_number']) AND (NEW.ip IS NOT DISTINCT FROM OLD.ip OR (NEW.ip IS NULL OR CASE WHEN octet_length(OLD.ip) > 30 AND octet_length(NEW.ip) > 30 THEN
            get_byte(NEW.ip, 0) = 1
            AND substring(NEW.ip FROM 2 FOR 1 + get_byte(NEW.ip, 1))
                <> substring(OLD.ip FROM 2 FOR 1 + get_byte(OLD.ip, 1))
            AND octet_length(NEW.ip) - get_byte(NEW.ip, 1) = octet_length(OLD.ip) - get_byte(OLD.ip, 1)
        ELSE FALSE END)) AND (NEW.seal_number IS NOT DISTINCT FROM OLD.seal_number OR (OLD.seal_number IS NULL)) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF EXISTS (
            SELECT FROM audit_seals WHERE number = OLD.seal_number AND purged_at IS NOT NULL) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of audit_logs refused: the table is append-only', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.audit_seals_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(OLD) - ARRAY['purged_at', 'leaves']) = (to_jsonb(NEW) - ARRAY['purged_at', 'leaves']) AND (NEW.purged_at IS NOT DISTINCT FROM OLD.purged_at OR (OLD.purged_at IS NULL AND EXISTS (
            SELECT FROM audit_exports WHERE with_entries AND OLD.number BETWEEN first_number AND last_number))) AND (NEW.leaves IS NOT DISTINCT FROM OLD.leaves OR (NEW.leaves IS NULL)) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF FALSE THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of audit_seals refused: the table is append-only', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.model_prices_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(OLD) - ARRAY['effective_to']) = (to_jsonb(NEW) - ARRAY['effective_to']) AND (NEW.effective_to IS NOT DISTINCT FROM OLD.effective_to OR (NEW.effective_to >= now() AND (OLD.effective_to IS NULL OR OLD.effective_to > now()))) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF FALSE THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of model_prices refused: the table is append-only', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.quota_grants_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(OLD) - ARRAY['voided_at', 'quota_period_id', 'id', 'reason', 'created_at', 'effective_at']) = (to_jsonb(NEW) - ARRAY['voided_at', 'quota_period_id', 'id', 'reason', 'created_at', 'effective_at']) AND (NEW.voided_at IS NOT DISTINCT FROM OLD.voided_at OR (OLD.voided_at IS NULL)) AND (NEW.quota_period_id IS NOT DISTINCT FROM OLD.quota_period_id OR (NOT EXISTS (SELECT FROM quota_periods WHERE id = OLD.quota_period_id) AND EXISTS (SELECT FROM quota_periods p JOIN quotas q ON q.id = p.quota_id JOIN users u ON u.id = q.user_id WHERE p.id = NEW.quota_period_id AND u.status = 'surrogate'))) AND (NEW.id IS NOT DISTINCT FROM OLD.id OR (NEW.quota_period_id <> OLD.quota_period_id)) AND (NEW.reason IS NOT DISTINCT FROM OLD.reason OR (NEW.quota_period_id <> OLD.quota_period_id AND NEW.reason = 'erased')) AND (NEW.created_at IS NOT DISTINCT FROM OLD.created_at OR (NEW.quota_period_id <> OLD.quota_period_id AND NEW.created_at = DATE_TRUNC('day', OLD.created_at, 'UTC'))) AND (NEW.effective_at IS NOT DISTINCT FROM OLD.effective_at OR (NEW.quota_period_id <> OLD.quota_period_id AND NEW.effective_at = DATE_TRUNC('day', OLD.effective_at, 'UTC'))) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF FALSE THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of quota_grants refused: the table is append-only', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.usage_logs_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(OLD) - ARRAY['user_id', 'id', 'reference', 'attempt_id', 'api_key_id', 'tags', 'provider_request_id', 'request_id', 'created_at']) = (to_jsonb(NEW) - ARRAY['user_id', 'id', 'reference', 'attempt_id', 'api_key_id', 'tags', 'provider_request_id', 'request_id', 'created_at']) AND (NEW.user_id IS NOT DISTINCT FROM OLD.user_id OR (EXISTS (SELECT FROM users WHERE id = OLD.user_id AND status = 'suspended') AND EXISTS (SELECT FROM users WHERE id = NEW.user_id AND status = 'surrogate'))) AND (NEW.id IS NOT DISTINCT FROM OLD.id OR (NEW.user_id <> OLD.user_id)) AND (NEW.reference IS NOT DISTINCT FROM OLD.reference OR (NEW.user_id <> OLD.user_id)) AND (NEW.attempt_id IS NOT DISTINCT FROM OLD.attempt_id OR (NEW.user_id <> OLD.user_id)) AND (NEW.api_key_id IS NOT DISTINCT FROM OLD.api_key_id OR (NEW.user_id <> OLD.user_id AND NEW.api_key_id IS NULL)) AND (NEW.tags IS NOT DISTINCT FROM OLD.tags OR (NEW.user_id <> OLD.user_id AND NEW.tags IS NULL)) AND (NEW.provider_request_id IS NOT DISTINCT FROM OLD.provider_request_id OR (NEW.user_id <> OLD.user_id AND NEW.provider_request_id = '')) AND (NEW.request_id IS NOT DISTINCT FROM OLD.request_id OR (NEW.user_id <> OLD.user_id AND NEW.request_id = '')) AND (NEW.created_at IS NOT DISTINCT FROM OLD.created_at OR (NEW.user_id <> OLD.user_id AND NEW.created_at = DATE_TRUNC('day', OLD.created_at, 'UTC'))) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF OLD.created_at < now() - interval '90 days'
            AND EXISTS (SELECT FROM usage_daily WHERE day = (OLD.created_at AT TIME ZONE 'UTC')::date
                AND model = OLD.model AND kind = OLD.kind)
            AND NOT EXISTS (SELECT FROM users WHERE id = OLD.user_id AND legal_hold_until > now()) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of usage_logs refused: the table is append-only', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.users_refuse_erased_owner_id() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM FROM users WHERE id = NEW.owner_id AND status <> 'anonymised' FOR KEY SHARE;
    IF NOT FOUND AND EXISTS (SELECT FROM users WHERE id = NEW.owner_id) THEN
        RAISE EXCEPTION 'the account was erased'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'users_erased_owns_nothing';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.users_refuse_erased_user_id() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM FROM users WHERE id = NEW.user_id AND status <> 'anonymised' FOR KEY SHARE;
    IF NOT FOUND AND EXISTS (SELECT FROM users WHERE id = NEW.user_id) THEN
        RAISE EXCEPTION 'the account was erased'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'users_erased_owns_nothing';
    END IF;
    RETURN NEW;
END
$$;

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(100) NOT NULL,
    prefix character varying(12) NOT NULL,
    secret_hash bytea NOT NULL,
    pepper_kid character varying(32) NOT NULL,
    scopes character varying(32)[] NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    owner_id uuid NOT NULL,
    former_hash bytea,
    former_pepper_kid character varying(32) DEFAULT ''::character varying NOT NULL,
    former_until timestamp with time zone,
    allowed_ips character varying(49)[] DEFAULT '{}'::character varying(49)[] NOT NULL,
    lineage uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    networks bytea,
    CONSTRAINT api_keys_former_whole CHECK ((((former_hash IS NULL) AND ((former_pepper_kid)::text = ''::text) AND (former_until IS NULL)) OR ((former_hash IS NOT NULL) AND (former_until IS NOT NULL) AND (NOT ((former_pepper_kid)::text = ''::text))))),
    CONSTRAINT api_keys_has_scopes CHECK ((
CASE
    WHEN (scopes IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(scopes, 1), 0)
END > 0))
);

CREATE TABLE public.audit_exports (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    first_number bigint NOT NULL,
    last_number bigint NOT NULL,
    with_entries boolean NOT NULL,
    last_hash bytea NOT NULL,
    sha256 bytea NOT NULL,
    kid character varying(32) NOT NULL
);

CREATE TABLE public.audit_logs (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    actor_id uuid,
    actor_label character varying(100) NOT NULL,
    action character varying(64) NOT NULL,
    target_type character varying(40) NOT NULL,
    target_id uuid,
    request_id character varying(64) NOT NULL,
    ip bytea,
    ip_digest bytea,
    data jsonb NOT NULL,
    subject_id uuid,
    seal_number bigint,
    CONSTRAINT audit_logs_whole_target CHECK ((((target_id IS NULL) AND ((target_type)::text = ''::text)) OR ((NOT ((target_type)::text = ''::text)) AND (target_id IS NOT NULL))))
);

CREATE TABLE public.audit_seals (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number bigint NOT NULL,
    version smallint NOT NULL,
    trail uuid NOT NULL,
    previous bytea NOT NULL,
    root bytea NOT NULL,
    hash bytea NOT NULL,
    count integer NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    covers_until timestamp with time zone NOT NULL,
    leaves bytea,
    purged_at timestamp with time zone,
    CONSTRAINT audit_seals_count_check CHECK ((count >= 0)),
    CONSTRAINT audit_seals_not_empty CHECK (((count >= 1) AND (number >= 1))),
    CONSTRAINT audit_seals_version_check CHECK ((version >= 0)),
    CONSTRAINT audit_seals_whole_or_purged CHECK ((((leaves IS NULL) AND (purged_at IS NOT NULL)) OR ((leaves IS NOT NULL) AND (purged_at IS NULL))))
);

CREATE TABLE public.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);

ALTER TABLE public.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);

ALTER TABLE public.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);

ALTER TABLE public.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id uuid NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);

ALTER TABLE public.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);

ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);

ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);

CREATE TABLE public.generation_attempts (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number smallint NOT NULL,
    state character varying(10) NOT NULL,
    operation_name character varying(500) NOT NULL,
    answer bytea,
    error_code character varying(60) NOT NULL,
    provider_request_id character varying(200) NOT NULL,
    latency_ms integer,
    finished_at timestamp with time zone,
    generation_id uuid NOT NULL,
    CONSTRAINT generation_attempts_latency_ms_check CHECK ((latency_ms >= 0)),
    CONSTRAINT generation_attempts_number_check CHECK ((number >= 0)),
    CONSTRAINT generation_attempts_state CHECK (((state)::text = ANY (ARRAY[('sent'::character varying)::text, ('pending'::character varying)::text, ('stored'::character varying)::text, ('succeeded'::character varying)::text, ('blocked'::character varying)::text, ('failed'::character varying)::text, ('canceled'::character varying)::text, ('unknown'::character varying)::text])))
);

CREATE TABLE public.generation_inputs (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    "position" smallint NOT NULL,
    role character varying(20) NOT NULL,
    generation_id uuid NOT NULL,
    media_id uuid NOT NULL,
    CONSTRAINT generation_inputs_position_check CHECK (("position" >= 0)),
    CONSTRAINT generation_inputs_role CHECK (((role)::text = ANY (ARRAY[(''::character varying)::text, ('first_frame'::character varying)::text, ('last_frame'::character varying)::text])))
);

CREATE TABLE public.generations (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(8) NOT NULL,
    model character varying(100) NOT NULL,
    adapter character varying(20) NOT NULL,
    prompt bytea NOT NULL,
    parameters bytea NOT NULL,
    tags character varying(64)[] NOT NULL,
    status character varying(10) NOT NULL,
    estimate numeric(21,9) NOT NULL,
    cost numeric(21,9),
    rates jsonb NOT NULL,
    variants jsonb NOT NULL,
    units jsonb NOT NULL,
    texts bytea,
    error_code character varying(60) NOT NULL,
    error_message character varying(500) NOT NULL,
    error_stage character varying(20) NOT NULL,
    charged boolean NOT NULL,
    retryable boolean NOT NULL,
    request_id character varying(64) NOT NULL,
    idempotency_key character varying(255) NOT NULL,
    request_hash character varying(64) NOT NULL,
    attempts_made smallint NOT NULL,
    lease_token uuid,
    lease_expires_at timestamp with time zone,
    next_check_at timestamp with time zone,
    cancel_requested_at timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    api_key_id uuid,
    owner_id uuid NOT NULL,
    quote_id uuid,
    streamed boolean DEFAULT false NOT NULL,
    admitted_at timestamp with time zone,
    texts_purged_at timestamp with time zone,
    CONSTRAINT generations_attempts_made_check CHECK ((attempts_made >= 0)),
    CONSTRAINT generations_cost_positive CHECK (((cost IS NULL) OR (cost >= (0)::numeric))),
    CONSTRAINT generations_estimate_positive CHECK ((estimate >= (0)::numeric)),
    CONSTRAINT generations_kind CHECK (((kind)::text = ANY (ARRAY[('text'::character varying)::text, ('image'::character varying)::text, ('video'::character varying)::text, ('music'::character varying)::text]))),
    CONSTRAINT generations_lease_whole CHECK ((((lease_expires_at IS NULL) AND (lease_token IS NULL)) OR ((lease_expires_at IS NOT NULL) AND (lease_token IS NOT NULL)))),
    CONSTRAINT generations_status_finished CHECK ((((finished_at IS NULL) AND ((status)::text = ANY (ARRAY[('queued'::character varying)::text, ('running'::character varying)::text]))) OR ((finished_at IS NOT NULL) AND ((status)::text = ANY (ARRAY[('succeeded'::character varying)::text, ('failed'::character varying)::text, ('blocked'::character varying)::text, ('canceled'::character varying)::text])))))
);

CREATE TABLE public.media (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    reference uuid,
    "position" smallint NOT NULL,
    kind character varying(8) NOT NULL,
    mime_type character varying(100) NOT NULL,
    bytes bigint NOT NULL,
    sha256 character varying(64) NOT NULL,
    width integer,
    height integer,
    duration_seconds numeric(10,3),
    storage character varying(16) NOT NULL,
    key character varying(200) NOT NULL,
    expires_at timestamp with time zone,
    deleted_at timestamp with time zone,
    owner_id uuid NOT NULL,
    idempotency_key character varying(255) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT media_bytes_check CHECK ((bytes >= 0)),
    CONSTRAINT media_height_check CHECK ((height >= 0)),
    CONSTRAINT media_kind CHECK (((kind)::text = ANY (ARRAY[('image'::character varying)::text, ('video'::character varying)::text, ('audio'::character varying)::text]))),
    CONSTRAINT media_position_check CHECK (("position" >= 0)),
    CONSTRAINT media_sha256 CHECK (((sha256)::text ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT media_width_check CHECK ((width >= 0))
);

CREATE TABLE public.media_removals (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    storage character varying(16) NOT NULL,
    key character varying(200) NOT NULL,
    not_before timestamp with time zone NOT NULL,
    erasure_id uuid,
    CONSTRAINT media_removals_key CHECK ((NOT ((key)::text = ''::text)))
);

CREATE TABLE public.model_prices (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    model character varying(100) NOT NULL,
    unit character varying(20) NOT NULL,
    variant character varying(20) NOT NULL,
    price numeric(21,9) NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    effective_to timestamp with time zone,
    source text NOT NULL,
    uncertain boolean NOT NULL,
    CONSTRAINT model_prices_ends_after_start CHECK (((effective_to IS NULL) OR (effective_to > effective_from))),
    CONSTRAINT model_prices_price_not_negative CHECK ((price >= (0)::numeric)),
    CONSTRAINT model_prices_source_named CHECK ((NOT (source = ''::text))),
    CONSTRAINT model_prices_unit_known CHECK (((unit)::text = ANY (ARRAY[('input_token'::character varying)::text, ('cached_token'::character varying)::text, ('audio_token'::character varying)::text, ('output_token'::character varying)::text, ('image_token'::character varying)::text, ('video_token'::character varying)::text, ('image'::character varying)::text, ('video_second'::character varying)::text, ('song'::character varying)::text, ('clip'::character varying)::text])))
);

CREATE TABLE public.oauth_accounts (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    provider character varying(20) NOT NULL,
    subject bytea NOT NULL,
    subject_index bytea NOT NULL,
    subject_index_next bytea,
    access_token bytea,
    refresh_token bytea,
    scopes character varying(200)[] DEFAULT '{}'::character varying(200)[] NOT NULL,
    expires_at timestamp with time zone,
    tokens_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    user_id uuid NOT NULL
);

CREATE TABLE public.privacy_requests (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(10) NOT NULL,
    asked_by uuid,
    reason bytea,
    status character varying(10) NOT NULL,
    codes character varying(60)[] NOT NULL,
    counts jsonb NOT NULL,
    receipt jsonb,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    logged_at timestamp with time zone,
    verified_at timestamp with time zone,
    storage character varying(16) NOT NULL,
    key character varying(200) NOT NULL,
    bytes bigint,
    sha256 character varying(64) NOT NULL,
    expires_at timestamp with time zone,
    user_id uuid NOT NULL,
    CONSTRAINT privacy_requests_bytes_check CHECK ((bytes >= 0)),
    CONSTRAINT privacy_requests_kind_known CHECK (((kind)::text = ANY (ARRAY[('export'::character varying)::text, ('anonymise'::character varying)::text, ('reveal'::character varying)::text]))),
    CONSTRAINT privacy_requests_status_finished CHECK ((((finished_at IS NULL) AND ((status)::text = ANY (ARRAY[('pending'::character varying)::text, ('running'::character varying)::text]))) OR ((finished_at IS NOT NULL) AND ((status)::text = ANY (ARRAY[('done'::character varying)::text, ('refused'::character varying)::text, ('canceled'::character varying)::text]))))),
    CONSTRAINT privacy_requests_verified_when_done CHECK (((verified_at IS NULL) OR (((kind)::text = 'anonymise'::text) AND (logged_at IS NOT NULL) AND ((status)::text = 'done'::text))))
);

CREATE TABLE public.provider_traces (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    erasure_id uuid NOT NULL,
    adapter character varying(20) NOT NULL,
    model character varying(100) NOT NULL,
    kind character varying(8) NOT NULL,
    operation bytea NOT NULL,
    state character varying(10) NOT NULL,
    CONSTRAINT provider_traces_state CHECK (((state)::text = ANY (ARRAY[('pending'::character varying)::text, ('forgotten'::character varying)::text, ('declined'::character varying)::text])))
);

CREATE TABLE public.quota_grants (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    amount numeric(21,9) NOT NULL,
    reason text NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    voided_at timestamp with time zone,
    granted_by_id uuid,
    quota_period_id uuid NOT NULL,
    CONSTRAINT quota_grants_amount_positive CHECK ((amount > (0)::numeric)),
    CONSTRAINT quota_grants_ends_after_start CHECK (((expires_at IS NULL) OR (expires_at > effective_at))),
    CONSTRAINT quota_grants_reason_given CHECK ((NOT (reason = ''::text)))
);

CREATE TABLE public.quota_holds (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    reference uuid NOT NULL,
    kind character varying(10) NOT NULL,
    amount numeric(21,9) NOT NULL,
    state character varying(10) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    periods uuid[] NOT NULL,
    cost numeric(21,9),
    closed_at timestamp with time zone,
    user_id uuid NOT NULL,
    CONSTRAINT quota_holds_amount_not_negative CHECK ((amount >= (0)::numeric)),
    CONSTRAINT quota_holds_closed_when_not_held CHECK ((((closed_at IS NULL) AND ((state)::text = 'held'::text)) OR ((NOT ((state)::text = 'held'::text)) AND (closed_at IS NOT NULL)))),
    CONSTRAINT quota_holds_cost_not_negative CHECK ((cost >= (0)::numeric)),
    CONSTRAINT quota_holds_cost_when_settled CHECK ((((cost IS NOT NULL) AND ((state)::text = 'settled'::text)) OR ((NOT ((state)::text = 'settled'::text)) AND (cost IS NULL)))),
    CONSTRAINT quota_holds_kind_known CHECK (((kind)::text = ANY (ARRAY[('text'::character varying)::text, ('image'::character varying)::text, ('video'::character varying)::text, ('music'::character varying)::text]))),
    CONSTRAINT quota_holds_somewhere CHECK ((
CASE
    WHEN (periods IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(periods, 1), 0)
END > 0)),
    CONSTRAINT quota_holds_state_known CHECK (((state)::text = ANY (ARRAY[('held'::character varying)::text, ('settled'::character varying)::text, ('released'::character varying)::text])))
);

CREATE TABLE public.quota_periods (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    "limit" numeric(21,9) NOT NULL,
    spent numeric(21,9) NOT NULL,
    held numeric(21,9) NOT NULL,
    last_updated_at timestamp with time zone NOT NULL,
    quota_id uuid NOT NULL,
    CONSTRAINT quota_periods_ends_after_start CHECK (((ends_at IS NULL) OR (ends_at > starts_at))),
    CONSTRAINT quota_periods_held_not_negative CHECK ((held >= (0)::numeric)),
    CONSTRAINT quota_periods_limit_not_negative CHECK (("limit" >= (0)::numeric)),
    CONSTRAINT quota_periods_spent_not_negative CHECK ((spent >= (0)::numeric))
);

CREATE TABLE public.quotas (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(10) NOT NULL,
    period character varying(10) NOT NULL,
    "limit" numeric(21,9) NOT NULL,
    user_id uuid NOT NULL,
    api_key_id uuid,
    CONSTRAINT quotas_kind_known CHECK (((kind)::text = ANY (ARRAY[(''::character varying)::text, ('text'::character varying)::text, ('image'::character varying)::text, ('video'::character varying)::text, ('music'::character varying)::text]))),
    CONSTRAINT quotas_limit_not_negative CHECK (("limit" >= (0)::numeric)),
    CONSTRAINT quotas_period_known CHECK (((period)::text = ANY (ARRAY[('day'::character varying)::text, ('month'::character varying)::text, ('total'::character varying)::text])))
);

CREATE TABLE public.quotes (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    model character varying(100) NOT NULL,
    request_hash character varying(64) NOT NULL,
    rates jsonb NOT NULL,
    amount numeric(21,9) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT quotes_amount_not_negative CHECK ((amount >= (0)::numeric)),
    CONSTRAINT quotes_expires_after_start CHECK ((expires_at > created_at))
);

CREATE TABLE public.second_factors (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    throttling_failure_count integer NOT NULL,
    secret bytea NOT NULL,
    recovery bytea NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT '-1'::integer NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT second_factors_throttling_failure_count_check CHECK ((throttling_failure_count >= 0))
);

CREATE TABLE public.token_revocations (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    erasure_id uuid,
    user_id uuid,
    provider character varying(20) NOT NULL,
    hint character varying(20) NOT NULL,
    token bytea NOT NULL,
    state character varying(10) NOT NULL,
    CONSTRAINT token_revocations_nobodys_after_erasure CHECK (((erasure_id IS NULL) OR (user_id IS NULL))),
    CONSTRAINT token_revocations_state CHECK (((state)::text = ANY (ARRAY[('pending'::character varying)::text, ('revoked'::character varying)::text, ('declined'::character varying)::text, ('given_up'::character varying)::text])))
);

CREATE TABLE public.usage_daily (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    day date NOT NULL,
    model character varying(100) NOT NULL,
    kind character varying(10) NOT NULL,
    shard smallint NOT NULL,
    requests bigint NOT NULL,
    cost numeric(21,9) NOT NULL,
    input_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    audio_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    image_tokens bigint NOT NULL,
    video_tokens bigint NOT NULL,
    images bigint NOT NULL,
    video_seconds bigint NOT NULL,
    songs bigint NOT NULL,
    clips bigint NOT NULL,
    CONSTRAINT usage_daily_audio_tokens_check CHECK ((audio_tokens >= 0)),
    CONSTRAINT usage_daily_cached_tokens_check CHECK ((cached_tokens >= 0)),
    CONSTRAINT usage_daily_clips_check CHECK ((clips >= 0)),
    CONSTRAINT usage_daily_cost_not_negative CHECK ((cost >= (0)::numeric)),
    CONSTRAINT usage_daily_image_tokens_check CHECK ((image_tokens >= 0)),
    CONSTRAINT usage_daily_images_check CHECK ((images >= 0)),
    CONSTRAINT usage_daily_input_tokens_check CHECK ((input_tokens >= 0)),
    CONSTRAINT usage_daily_kind_known CHECK (((kind)::text = ANY (ARRAY[('text'::character varying)::text, ('image'::character varying)::text, ('video'::character varying)::text, ('music'::character varying)::text]))),
    CONSTRAINT usage_daily_output_tokens_check CHECK ((output_tokens >= 0)),
    CONSTRAINT usage_daily_requests_check CHECK ((requests >= 0)),
    CONSTRAINT usage_daily_shard_check CHECK ((shard >= 0)),
    CONSTRAINT usage_daily_shard_known CHECK ((shard < 8)),
    CONSTRAINT usage_daily_songs_check CHECK ((songs >= 0)),
    CONSTRAINT usage_daily_video_seconds_check CHECK ((video_seconds >= 0)),
    CONSTRAINT usage_daily_video_tokens_check CHECK ((video_tokens >= 0))
);

CREATE TABLE public.usage_logs (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    api_key_id uuid,
    reference uuid NOT NULL,
    attempt_id uuid NOT NULL,
    model character varying(100) NOT NULL,
    kind character varying(10) NOT NULL,
    units jsonb NOT NULL,
    prices jsonb NOT NULL,
    cost numeric(21,9) NOT NULL,
    estimate numeric(21,9) NOT NULL,
    latency_ms bigint NOT NULL,
    outcome character varying(10) NOT NULL,
    confirmed boolean NOT NULL,
    estimated boolean NOT NULL,
    over_hold boolean NOT NULL,
    provider_request_id character varying(200) NOT NULL,
    request_id character varying(64) NOT NULL,
    user_id uuid NOT NULL,
    tags character varying(64)[],
    CONSTRAINT usage_logs_cost_not_negative CHECK ((cost >= (0)::numeric)),
    CONSTRAINT usage_logs_estimate_not_negative CHECK ((estimate >= (0)::numeric)),
    CONSTRAINT usage_logs_kind_known CHECK (((kind)::text = ANY (ARRAY[('text'::character varying)::text, ('image'::character varying)::text, ('video'::character varying)::text, ('music'::character varying)::text]))),
    CONSTRAINT usage_logs_latency_ms_check CHECK ((latency_ms >= 0)),
    CONSTRAINT usage_logs_outcome_known CHECK (((outcome)::text = ANY (ARRAY[('succeeded'::character varying)::text, ('failed'::character varying)::text, ('blocked'::character varying)::text, ('canceled'::character varying)::text, ('unknown'::character varying)::text]))),
    CONSTRAINT usage_logs_unknown_unconfirmed CHECK ((NOT (confirmed AND ((outcome)::text = 'unknown'::text))))
);

CREATE TABLE public.user_groups (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    group_id integer NOT NULL,
    user_id uuid NOT NULL
);

CREATE TABLE public.user_permissions (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    permission_id integer NOT NULL,
    user_id uuid NOT NULL
);

CREATE TABLE public.users (
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    email bytea,
    email_index bytea,
    status character varying(16) NOT NULL,
    last_active_at timestamp with time zone,
    legal_hold_until timestamp with time zone,
    legal_hold_reason character varying(500) NOT NULL,
    is_staff boolean NOT NULL,
    dormancy_step character varying(10) DEFAULT ''::character varying NOT NULL,
    dormancy_step_at timestamp with time zone,
    email_index_next bytea,
    legal_hold_grounds bytea,
    CONSTRAINT users_anonymised_has_no_grounds CHECK (((NOT ((status)::text = ANY (ARRAY[('anonymised'::character varying)::text, ('surrogate'::character varying)::text]))) OR (legal_hold_grounds IS NULL))),
    CONSTRAINT users_anonymised_is_empty CHECK (((NOT ((status)::text = ANY (ARRAY[('anonymised'::character varying)::text, ('surrogate'::character varying)::text]))) OR ((email IS NULL) AND (last_active_at IS NULL) AND (last_login IS NULL) AND ((legal_hold_reason)::text = ''::text) AND (legal_hold_until IS NULL)))),
    CONSTRAINT users_dormancy_whole CHECK (((((dormancy_step)::text = ''::text) AND (dormancy_step_at IS NULL)) OR (((dormancy_step)::text = ANY (ARRAY[('notified'::character varying)::text, ('reminded'::character varying)::text, ('suspended'::character varying)::text])) AND (dormancy_step_at IS NOT NULL)))),
    CONSTRAINT users_email_with_index CHECK ((((email IS NULL) AND (email_index IS NULL) AND (email_index_next IS NULL)) OR ((email IS NOT NULL) AND (email_index IS NOT NULL)))),
    CONSTRAINT users_status_known CHECK (((status)::text = ANY (ARRAY[('active'::character varying)::text, ('notified'::character varying)::text, ('suspended'::character varying)::text, ('anonymised'::character varying)::text, ('surrogate'::character varying)::text])))
);

CREATE TABLE public.webhook_deliveries (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    event_id uuid NOT NULL,
    event_type character varying(40) NOT NULL,
    payload jsonb NOT NULL,
    state character varying(10) NOT NULL,
    attempts smallint NOT NULL,
    next_attempt_at timestamp with time zone,
    last_response_code smallint,
    last_error character varying(40) NOT NULL,
    delivered_at timestamp with time zone,
    generation_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    redelivery_of_id uuid,
    endpoint_id uuid NOT NULL,
    CONSTRAINT webhook_deliveries_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT webhook_deliveries_delivered_at CHECK ((((delivered_at IS NOT NULL) AND ((state)::text = 'delivered'::text)) OR ((NOT ((state)::text = 'delivered'::text)) AND (delivered_at IS NULL)))),
    CONSTRAINT webhook_deliveries_event_type CHECK (((event_type)::text = ANY (ARRAY[('generation.started'::character varying)::text, ('generation.succeeded'::character varying)::text, ('generation.failed'::character varying)::text, ('generation.blocked'::character varying)::text, ('generation.canceled'::character varying)::text]))),
    CONSTRAINT webhook_deliveries_last_response_code_check CHECK ((last_response_code >= 0)),
    CONSTRAINT webhook_deliveries_state CHECK ((((next_attempt_at IS NOT NULL) AND ((state)::text = 'pending'::text)) OR ((next_attempt_at IS NULL) AND ((state)::text = ANY (ARRAY[('delivered'::character varying)::text, ('failed'::character varying)::text, ('abandoned'::character varying)::text])))))
);

CREATE TABLE public.webhook_endpoints (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    url bytea NOT NULL,
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_secret_until timestamp with time zone,
    events character varying(40)[] NOT NULL,
    description character varying(200) NOT NULL,
    disabled_at timestamp with time zone,
    disabled_reason character varying(10) NOT NULL,
    failing_since timestamp with time zone,
    consecutive_failures integer NOT NULL,
    deleted_at timestamp with time zone,
    owner_id uuid NOT NULL,
    CONSTRAINT webhook_endpoints_consecutive_failures_check CHECK ((consecutive_failures >= 0)),
    CONSTRAINT webhook_endpoints_disabled_why CHECK ((((disabled_at IS NULL) AND ((disabled_reason)::text = ''::text)) OR ((disabled_at IS NOT NULL) AND ((disabled_reason)::text = ANY (ARRAY[('gone'::character varying)::text, ('failing'::character varying)::text, ('paused'::character varying)::text]))))),
    CONSTRAINT webhook_endpoints_failing_whole CHECK ((((consecutive_failures = 0) AND (failing_since IS NULL)) OR ((consecutive_failures > 0) AND (failing_since IS NOT NULL)))),
    CONSTRAINT webhook_endpoints_overlap_whole CHECK ((((previous_secret IS NULL) AND (previous_secret_until IS NULL)) OR ((previous_secret IS NOT NULL) AND (previous_secret_until IS NOT NULL))))
);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_prefix_unique UNIQUE (prefix);

ALTER TABLE ONLY public.audit_exports
    ADD CONSTRAINT audit_exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_number_key UNIQUE (number);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);

ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);

ALTER TABLE ONLY public.generation_attempts
    ADD CONSTRAINT generation_attempts_number UNIQUE (generation_id, number);

ALTER TABLE ONLY public.generation_attempts
    ADD CONSTRAINT generation_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.generation_inputs
    ADD CONSTRAINT generation_inputs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.generation_inputs
    ADD CONSTRAINT generation_inputs_position UNIQUE (generation_id, "position");

ALTER TABLE ONLY public.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_key_once UNIQUE (key);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_reference_position UNIQUE (reference, "position");

ALTER TABLE ONLY public.media_removals
    ADD CONSTRAINT media_removals_key_once UNIQUE (key);

ALTER TABLE ONLY public.media_removals
    ADD CONSTRAINT media_removals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.model_prices
    ADD CONSTRAINT model_prices_no_overlap EXCLUDE USING gist (model WITH =, unit WITH =, variant WITH =, tstzrange(effective_from, effective_to, '[)'::text) WITH &&);

ALTER TABLE ONLY public.model_prices
    ADD CONSTRAINT model_prices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_accounts
    ADD CONSTRAINT oauth_accounts_one_each UNIQUE (user_id, provider);

ALTER TABLE ONLY public.oauth_accounts
    ADD CONSTRAINT oauth_accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_accounts
    ADD CONSTRAINT oauth_accounts_subject_unique UNIQUE (subject_index);

ALTER TABLE ONLY public.oauth_accounts
    ADD CONSTRAINT oauth_accounts_subject_unique_next UNIQUE (subject_index_next);

ALTER TABLE ONLY public.privacy_requests
    ADD CONSTRAINT privacy_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_traces
    ADD CONSTRAINT provider_traces_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quota_grants
    ADD CONSTRAINT quota_grants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quota_holds
    ADD CONSTRAINT quota_holds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quota_holds
    ADD CONSTRAINT quota_holds_reference_key UNIQUE (reference);

ALTER TABLE ONLY public.quota_periods
    ADD CONSTRAINT quota_periods_one_per_start UNIQUE (quota_id, starts_at);

ALTER TABLE ONLY public.quota_periods
    ADD CONSTRAINT quota_periods_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quotas
    ADD CONSTRAINT quotas_one_per_user_key_kind_period UNIQUE NULLS NOT DISTINCT (user_id, api_key_id, kind, period);

ALTER TABLE ONLY public.quotas
    ADD CONSTRAINT quotas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_user_id_key UNIQUE (user_id);

ALTER TABLE ONLY public.token_revocations
    ADD CONSTRAINT token_revocations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.usage_daily
    ADD CONSTRAINT usage_daily_one_per_shard UNIQUE (day, model, kind, shard);

ALTER TABLE ONLY public.usage_daily
    ADD CONSTRAINT usage_daily_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.usage_logs
    ADD CONSTRAINT usage_logs_attempt_id_key UNIQUE (attempt_id);

ALTER TABLE ONLY public.usage_logs
    ADD CONSTRAINT usage_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_groups
    ADD CONSTRAINT user_groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_groups
    ADD CONSTRAINT user_groups_unique UNIQUE (user_id, group_id);

ALTER TABLE ONLY public.user_permissions
    ADD CONSTRAINT user_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_permissions
    ADD CONSTRAINT user_permissions_unique UNIQUE (user_id, permission_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_unique UNIQUE (email_index);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_unique_next UNIQUE (email_index_next);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_owner_newest ON public.api_keys USING btree (owner_id, created_at DESC, id DESC);

CREATE INDEX audit_logs_by_action ON public.audit_logs USING btree (action, created_at DESC);

CREATE INDEX audit_logs_by_actor ON public.audit_logs USING btree (actor_id, created_at DESC) WHERE (actor_id IS NOT NULL);

CREATE INDEX audit_logs_by_subject ON public.audit_logs USING btree (subject_id, created_at DESC, id DESC) WHERE (subject_id IS NOT NULL);

CREATE INDEX audit_logs_by_target ON public.audit_logs USING btree (target_id, created_at DESC) WHERE (target_id IS NOT NULL);

CREATE INDEX audit_logs_newest ON public.audit_logs USING btree (created_at DESC, id DESC);

CREATE INDEX audit_logs_unsealed ON public.audit_logs USING btree (created_at, id) WHERE (seal_number IS NULL);

CREATE INDEX audit_seals_by_time ON public.audit_seals USING btree (first_at, number);

CREATE INDEX auth_group_name_a6ea08ec_like ON public.auth_group USING btree (name varchar_pattern_ops);

CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON public.auth_group_permissions USING btree (group_id);

CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON public.auth_group_permissions USING btree (permission_id);

CREATE INDEX auth_permission_content_type_id_2f476e4b ON public.auth_permission USING btree (content_type_id);

CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON public.django_admin_log USING btree (content_type_id);

CREATE INDEX django_admin_log_user_id_c564eba6 ON public.django_admin_log USING btree (user_id);

CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date);

CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops);

CREATE UNIQUE INDEX generation_attempts_one_open ON public.generation_attempts USING btree (generation_id) WHERE ((state)::text = ANY (ARRAY[('sent'::character varying)::text, ('pending'::character varying)::text, ('stored'::character varying)::text]));

CREATE INDEX generation_inputs_media_id_e54044ad ON public.generation_inputs USING btree (media_id);

CREATE INDEX generations_api_key_id_dd347d2f ON public.generations USING btree (api_key_id);

CREATE UNIQUE INDEX generations_idempotency_key ON public.generations USING btree (owner_id, idempotency_key) WHERE (NOT ((idempotency_key)::text = ''::text));

CREATE INDEX generations_in_flight ON public.generations USING btree (owner_id, kind, admitted_at, id) WHERE ((status)::text = ANY (ARRAY[('queued'::character varying)::text, ('running'::character varying)::text]));

CREATE INDEX generations_owner_newest ON public.generations USING btree (owner_id, created_at DESC, id DESC);

CREATE INDEX generations_ready ON public.generations USING btree (kind, admitted_at, id) WHERE ((admitted_at IS NOT NULL) AND ((status)::text = 'queued'::text));

CREATE INDEX generations_with_texts ON public.generations USING btree (finished_at, id) WHERE ((finished_at IS NOT NULL) AND (texts_purged_at IS NULL));

CREATE INDEX media_expiring ON public.media USING btree (expires_at) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX media_idempotency_key ON public.media USING btree (owner_id, idempotency_key) WHERE (NOT ((idempotency_key)::text = ''::text));

CREATE INDEX media_owner_newest ON public.media USING btree (owner_id, created_at DESC, id DESC);

CREATE INDEX media_removals_due ON public.media_removals USING btree (not_before);

CREATE INDEX media_removals_of_erasure ON public.media_removals USING btree (erasure_id) WHERE (erasure_id IS NOT NULL);

CREATE INDEX privacy_requests_of_user ON public.privacy_requests USING btree (user_id, created_at DESC, id DESC);

CREATE UNIQUE INDEX privacy_requests_one_open ON public.privacy_requests USING btree (user_id, kind) WHERE ((status)::text = ANY (ARRAY[('pending'::character varying)::text, ('running'::character varying)::text]));

CREATE INDEX privacy_requests_open ON public.privacy_requests USING btree (created_at) WHERE (((status)::text = ANY (ARRAY[('pending'::character varying)::text, ('running'::character varying)::text])) OR (((kind)::text = 'anonymise'::text) AND ((status)::text = 'done'::text) AND (verified_at IS NULL)));

CREATE INDEX provider_traces_erasure_id_0dc9c5f2 ON public.provider_traces USING btree (erasure_id);

CREATE INDEX quota_grants_quota_period_id_eb0cdc80 ON public.quota_grants USING btree (quota_period_id);

CREATE INDEX quota_holds_open ON public.quota_holds USING btree (expires_at) WHERE ((state)::text = 'held'::text);

CREATE INDEX quota_holds_user_id_ee48d1be ON public.quota_holds USING btree (user_id);

CREATE INDEX quotas_api_key_id_5ebf3eab ON public.quotas USING btree (api_key_id);

CREATE INDEX quotes_owner_expires ON public.quotes USING btree (owner_id, expires_at);

CREATE INDEX token_revocations_erasure_id_cac013a3 ON public.token_revocations USING btree (erasure_id);

CREATE INDEX token_revocations_user_id_2a82b36c ON public.token_revocations USING btree (user_id);

CREATE INDEX usage_logs_oldest ON public.usage_logs USING btree (created_at, id);

CREATE INDEX usage_logs_reference_bc151dae ON public.usage_logs USING btree (reference);

CREATE INDEX usage_logs_user_created ON public.usage_logs USING btree (user_id, created_at) INCLUDE (cost);

CREATE INDEX user_groups_group_id_b76f8aba ON public.user_groups USING btree (group_id);

CREATE INDEX user_permissions_permission_id_c566ae5c ON public.user_permissions USING btree (permission_id);

CREATE INDEX users_legal_hold ON public.users USING btree (legal_hold_until) WHERE (legal_hold_until IS NOT NULL);

CREATE INDEX webhook_deliveries_event ON public.webhook_deliveries USING btree (event_id);

CREATE INDEX webhook_deliveries_generation_id_b9d7e393 ON public.webhook_deliveries USING btree (generation_id);

CREATE INDEX webhook_deliveries_newest ON public.webhook_deliveries USING btree (owner_id, created_at DESC, id DESC);

CREATE INDEX webhook_deliveries_of_endpoint ON public.webhook_deliveries USING btree (endpoint_id, created_at DESC, id DESC);

CREATE UNIQUE INDEX webhook_deliveries_once ON public.webhook_deliveries USING btree (event_id, endpoint_id) WHERE (redelivery_of_id IS NULL);

CREATE INDEX webhook_deliveries_pending ON public.webhook_deliveries USING btree (endpoint_id, next_attempt_at) WHERE ((state)::text = 'pending'::text);

CREATE INDEX webhook_endpoints_of_owner ON public.webhook_endpoints USING btree (owner_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL);

CREATE INDEX webhook_endpoints_owner_id_7a2080c5 ON public.webhook_endpoints USING btree (owner_id);

CREATE TRIGGER api_keys_refuse_erased BEFORE INSERT ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_owner_id();

CREATE TRIGGER audit_exports_no_change BEFORE DELETE OR UPDATE ON public.audit_exports FOR EACH ROW EXECUTE FUNCTION public.audit_exports_refuse_change();

CREATE TRIGGER audit_exports_no_truncate BEFORE TRUNCATE ON public.audit_exports FOR EACH STATEMENT EXECUTE FUNCTION public.audit_exports_refuse_change();

CREATE TRIGGER audit_logs_no_change BEFORE DELETE OR UPDATE ON public.audit_logs FOR EACH ROW EXECUTE FUNCTION public.audit_logs_refuse_change();

CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION public.audit_logs_refuse_change();

CREATE TRIGGER audit_seals_no_change BEFORE DELETE OR UPDATE ON public.audit_seals FOR EACH ROW EXECUTE FUNCTION public.audit_seals_refuse_change();

CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON public.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION public.audit_seals_refuse_change();

CREATE TRIGGER generations_refuse_erased BEFORE INSERT ON public.generations FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_owner_id();

CREATE TRIGGER media_refuse_erased BEFORE INSERT ON public.media FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_owner_id();

CREATE TRIGGER model_prices_no_change BEFORE DELETE OR UPDATE ON public.model_prices FOR EACH ROW EXECUTE FUNCTION public.model_prices_refuse_change();

CREATE TRIGGER model_prices_no_truncate BEFORE TRUNCATE ON public.model_prices FOR EACH STATEMENT EXECUTE FUNCTION public.model_prices_refuse_change();

CREATE TRIGGER privacy_requests_refuse_erased BEFORE INSERT ON public.privacy_requests FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_user_id();

CREATE TRIGGER quota_grants_no_change BEFORE DELETE OR UPDATE ON public.quota_grants FOR EACH ROW EXECUTE FUNCTION public.quota_grants_refuse_change();

CREATE TRIGGER quota_grants_no_truncate BEFORE TRUNCATE ON public.quota_grants FOR EACH STATEMENT EXECUTE FUNCTION public.quota_grants_refuse_change();

CREATE TRIGGER quotas_refuse_erased BEFORE INSERT ON public.quotas FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_user_id();

CREATE TRIGGER quotes_refuse_erased BEFORE INSERT ON public.quotes FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_owner_id();

CREATE TRIGGER usage_logs_no_change BEFORE DELETE OR UPDATE ON public.usage_logs FOR EACH ROW EXECUTE FUNCTION public.usage_logs_refuse_change();

CREATE TRIGGER usage_logs_no_truncate BEFORE TRUNCATE ON public.usage_logs FOR EACH STATEMENT EXECUTE FUNCTION public.usage_logs_refuse_change();

CREATE TRIGGER user_groups_refuse_erased BEFORE INSERT ON public.user_groups FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_user_id();

CREATE TRIGGER user_permissions_refuse_erased BEFORE INSERT ON public.user_permissions FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_user_id();

CREATE TRIGGER webhook_endpoints_refuse_erased BEFORE INSERT ON public.webhook_endpoints FOR EACH ROW EXECUTE FUNCTION public.users_refuse_erased_owner_id();

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_owner_id_1b6915e0_fk_users_id FOREIGN KEY (owner_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.generation_attempts
    ADD CONSTRAINT generation_attempts_generation_id_a6019b1c_fk_generations_id FOREIGN KEY (generation_id) REFERENCES public.generations(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.generation_inputs
    ADD CONSTRAINT generation_inputs_generation_id_68fa1945_fk_generations_id FOREIGN KEY (generation_id) REFERENCES public.generations(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.generation_inputs
    ADD CONSTRAINT generation_inputs_media_id_e54044ad_fk_media_id FOREIGN KEY (media_id) REFERENCES public.media(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.generations
    ADD CONSTRAINT generations_api_key_id_dd347d2f_fk_api_keys_id FOREIGN KEY (api_key_id) REFERENCES public.api_keys(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.generations
    ADD CONSTRAINT generations_owner_id_d7e6a3eb_fk_users_id FOREIGN KEY (owner_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_owner_id_adcf5172_fk_users_id FOREIGN KEY (owner_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.oauth_accounts
    ADD CONSTRAINT oauth_accounts_user_id_b5b4829c_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.privacy_requests
    ADD CONSTRAINT privacy_requests_user_id_f8d71431_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.quota_grants
    ADD CONSTRAINT quota_grants_granted_by_id_6e38e7f7_fk_users_id FOREIGN KEY (granted_by_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.quota_grants
    ADD CONSTRAINT quota_grants_quota_period_id_eb0cdc80_fk_quota_periods_id FOREIGN KEY (quota_period_id) REFERENCES public.quota_periods(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.quota_holds
    ADD CONSTRAINT quota_holds_user_id_ee48d1be_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.quota_periods
    ADD CONSTRAINT quota_periods_quota_id_d7283815_fk_quotas_id FOREIGN KEY (quota_id) REFERENCES public.quotas(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.quotas
    ADD CONSTRAINT quotas_api_key_id_5ebf3eab_fk_api_keys_id FOREIGN KEY (api_key_id) REFERENCES public.api_keys(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.quotas
    ADD CONSTRAINT quotas_user_id_ceb59d94_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_owner_id_92a5c699_fk_users_id FOREIGN KEY (owner_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_user_id_468e0787_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.usage_logs
    ADD CONSTRAINT usage_logs_user_id_462b1023_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.user_groups
    ADD CONSTRAINT user_groups_group_id_b76f8aba_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.user_groups
    ADD CONSTRAINT user_groups_user_id_abaea130_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.user_permissions
    ADD CONSTRAINT user_permissions_permission_id_c566ae5c_fk_auth_permission_id FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.user_permissions
    ADD CONSTRAINT user_permissions_user_id_b176ff97_fk_users_id FOREIGN KEY (user_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_endpoint_id_8d287091_fk_webhook_endpoints_id FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_generation_id_b9d7e393_fk_generations_id FOREIGN KEY (generation_id) REFERENCES public.generations(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_owner_id_19d3bc69_fk_users_id FOREIGN KEY (owner_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_redelivery_of_id_3ea33a2b_fk_webhook_d FOREIGN KEY (redelivery_of_id) REFERENCES public.webhook_deliveries(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_owner_id_7a2080c5_fk_users_id FOREIGN KEY (owner_id) REFERENCES public.users(id) DEFERRABLE INITIALLY DEFERRED;
