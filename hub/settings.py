"""Every setting once, in the order a request meets them, read from the environment or `.env` through hub/env.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from hub import env, logs
from hub.databases import database_entry
from hub.identity import allowed_domains, identity_providers, staff_must_use_a_provider
from hub.local.secrets import development_secrets
from hub.process import process_name
from hub.storages import media_storages

BASE_DIR = env.BASE_DIR

# --- what this process is -------------------------------------------------------------------------------------------
DEBUG = env.boolean("DEBUG", default=False)
HUB_VAR = Path(env.text("HUB_VAR", str(BASE_DIR / "var")))
# Without DATABASE_URL and REDIS_URL of its own the hub runs on the embedded servers: manage.py has exported their URLs
# by now, and HUB_EMBEDDED says that the secrets of development under var/ may be used.
EMBEDDED = env.boolean("HUB_EMBEDDED", default=False)
DEVELOPMENT = DEBUG or EMBEDDED

if DEVELOPMENT:
    for _name, _value in development_secrets(HUB_VAR).items():
        if not os.environ.get(_name) and not os.environ.get(f"{_name}_FILE"):
            os.environ[_name] = _value

SECRET_KEY = env.text("SECRET_KEY")
FIELD_ENCRYPTION_KEYS = env.key_ring("FIELD_ENCRYPTION_KEYS")
FIELD_INDEX_KEYS = env.key_ring("FIELD_INDEX_KEYS")
# Only while index keys rotate: the key of the second index column (docs/ENCRYPTION.md); else it is the first one's.
FIELD_INDEX_NEXT = env.key_name("FIELD_INDEX_NEXT", ring=FIELD_INDEX_KEYS)
API_KEY_PEPPERS = env.key_ring("API_KEY_PEPPERS")
AUDIT_SIGNING_KEYS = env.key_ring("AUDIT_SIGNING_KEYS")

# --- the way in -----------------------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "hub.urls"
WSGI_APPLICATION = "hub.wsgi.application"
APPEND_SLASH = True
# How many proxies stand before the hub and append to X-Forwarded-For; with none the header is not believed.
TRUSTED_PROXIES = env.count("TRUSTED_PROXIES", 0)
DATA_UPLOAD_MAX_MEMORY_SIZE = env.integer("MAX_BODY_BYTES", 1024 * 1024)
# A file goes to the disk, not to memory; beside it a multipart body has some lines of its own.
MAX_UPLOAD_BYTES = env.integer("MAX_UPLOAD_BYTES", 20 * 1024 * 1024)
LARGE_BODIES = {"/api/v1/media": MAX_UPLOAD_BYTES + 64 * 1024}

INSTALLED_APPS = [
    "users.signin.apps.ConsoleConfig",
    # Before Django's, so that `changepassword` is ours.
    "hub",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audit",
    "users",
    "usage",
    "media",
    "generations",
]

MIDDLEWARE = [
    "hub.middleware.RequestIdMiddleware",
    "hub.middleware.ObserveMiddleware",
    "hub.middleware.ClientAddressMiddleware",
    "hub.middleware.RateLimitFieldsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_ENGINE = "users.signin.sessions"
if not DEVELOPMENT:
    SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- who --------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["users.backends.EmailBackend", "users.signin.backends.ProviderBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# W004: an email is sealed and cannot be unique; its keyed hash beside it is, and the backend looks there.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "signin:page"
# Google and any other OpenID provider; whose people they may let in, and whether they make accounts for unknown ones.
OIDC_PROVIDERS = identity_providers(may_be_plain=DEVELOPMENT)
OIDC_ALLOWED_DOMAINS = allowed_domains(is_needed=bool(OIDC_PROVIDERS))
OIDC_SIGN_UP = env.boolean("OIDC_SIGN_UP", default=False)
OIDC_STAFF_REQUIRED = staff_must_use_a_provider(OIDC_PROVIDERS)
OIDC_TIMEOUT_SECONDS = env.seconds("OIDC_TIMEOUT_SECONDS", 10)
# For how long a provider that is away is asked again to end the tokens of a link that is gone.
OIDC_REVOCATION_DAYS = env.days("OIDC_REVOCATION_DAYS", 7)
STAFF_SECOND_FACTOR_REQUIRED = env.boolean("STAFF_SECOND_FACTOR_REQUIRED", default=False)
# Steps of signing in from one address, and attempts at one account.
RATE_LIMIT_SIGNIN = env.rate("RATE_LIMIT_SIGNIN", "60/60", may_be_off=DEVELOPMENT)
RATE_LIMIT_SIGNIN_ACCOUNT = env.rate("RATE_LIMIT_SIGNIN_ACCOUNT", "10/300", may_be_off=DEVELOPMENT)
# Links to set a new password, for one account; and for how many seconds such a link works.
RATE_LIMIT_RESET = env.rate("RATE_LIMIT_RESET", "3/3600", may_be_off=DEVELOPMENT)
PASSWORD_RESET_TIMEOUT = int(env.seconds("PASSWORD_RESET_SECONDS", 3600))

# How often one member of the staff may reveal personal data; whether the user is told of it by mail.
RATE_LIMIT_REVEAL = env.rate("RATE_LIMIT_REVEAL", "20/3600", may_be_off=DEVELOPMENT)
REVEAL_TELLS_USERS = env.boolean("REVEAL_TELLS_USERS", default=False)

# --- the API ----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["users.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["users.api.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["users.api.rate_limits.RateLimits"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["hub.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "hub.api.schema.HubSchema",
    "EXCEPTION_HANDLER": "hub.api.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
    # The header Accept chooses; `?format=` is a parameter that nobody knows.
    "URL_FORMAT_OVERRIDE": None,
}
# Requests/seconds, and with a third number how many at once: of one API key, of one account with all its keys, and of
# refused credentials from one address. To be off is for development alone: elsewhere a limit is named, however high.
RATE_LIMIT_KEY = env.rate("RATE_LIMIT_KEY", "6000/60", may_be_off=DEVELOPMENT)
RATE_LIMIT_USER = env.rate("RATE_LIMIT_USER", "12000/60", may_be_off=DEVELOPMENT)
RATE_LIMIT_REFUSED = env.rate("RATE_LIMIT_REFUSED", "60/60", may_be_off=DEVELOPMENT)
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "AI Generation Hub",
    "DESCRIPTION": "Text, image, video and music generation with quotas, costs and an audit trail.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "Kind": "usage.enums.Kind",
        "MediaKind": "media.models.Media.Kind",
        "GenerationStatus": "generations.models.Generation.Status",
        "AccountStatus": "users.models.User.Status",
        "ApiKeyStatus": "usage.api.key_shapes.KeyStatus",
        "WebhookEvent": "generations.models.webhooks.Event",
        "Role": "generations.models.GenerationInput.Role",
        "PrivacyRequestKind": "users.privacy.models.PrivacyRequest.Kind",
        "PrivacyRequestStatus": "users.privacy.models.PrivacyRequest.Status",
    },
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "hub.api.schema_hooks.complete"],
}

# --- the truth: PostgreSQL --------------------------------------------------------------------------------------------
# One alias with two ways to it (docs/DATABASE.md): pooled as `app`, which every process takes, and direct as `migrator`
# for the commands that migrate (hub/neon/connections.py).
DATABASE_URL = env.text("DATABASE_URL")
DATABASE_URL_DIRECT = env.optional("DATABASE_URL_DIRECT") or DATABASE_URL
DATABASE_POOLED = database_entry(env.database("DATABASE_URL"), process=process_name(sys.argv))
DATABASES: dict[str, Any] = {"default": dict(DATABASE_POOLED)}
DATABASE_DIRECT = database_entry(
    env.database("DATABASE_URL_DIRECT" if env.optional("DATABASE_URL_DIRECT") else "DATABASE_URL"),
    process=process_name(sys.argv),
)
# For `db_grants --apply` alone, where roles are made: the owner's way, and the password of the role that reads.
DATABASE_URL_OWNER = env.optional("DATABASE_URL_OWNER")
DATABASE_URL_READONLY = env.optional("DATABASE_URL_READONLY")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- the work: Celery on Redis ----------------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A publish that cannot reach the broker fails at once: the due set holds the job, and the web request must not hang.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2, "visibility_timeout": 3600}
CELERY_TASK_DEFAULT_QUEUE = "text"
# In effect never: hub/celery.py looks after the database connections of the worker's threads.
CELERY_DB_REUSE_MAX = sys.maxsize
# Of each user's jobs of a kind: how many the workers may take at once (the others wait in PostgreSQL until one of these
# ends), and how many may be queued and running at all.
KINDS = ("text", "image", "video", "music")
CONCURRENCY_SHARE = env.by_word("CONCURRENCY_SHARE", 8, KINDS)
MAX_JOBS_IN_FLIGHT = env.by_word("MAX_JOBS_IN_FLIGHT", 20_000, KINDS)
# A worker that holds a job renews its lease three times within it; one that died is noticed when the lease runs out.
LEASE_SECONDS = env.seconds("LEASE_SECONDS", 30)
# How long a job may wait for its next look before the clock offers it again, when nobody claimed it.
REDISPATCH_SECONDS = env.seconds("REDISPATCH_SECONDS", 120)
CLOCK_TICK_SECONDS = env.seconds("CLOCK_TICK_SECONDS", 0.5)
SWEEP_SECONDS = env.seconds("SWEEP_SECONDS", 3600)
MAX_ATTEMPTS = env.integer("MAX_ATTEMPTS", 3)
RETRY_SECONDS = env.seconds("RETRY_SECONDS", 2)
# A long operation that has not ended by then is given up.
OPERATION_DEADLINE_SECONDS = env.seconds("OPERATION_DEADLINE_SECONDS", 3600)

# --- the audit trail's seals ------------------------------------------------------------------------------------------
# How often the clock seals what is new while jobs are on their way; an idle hub is woken for it once a day at most.
AUDIT_SEAL_SECONDS = env.seconds("AUDIT_SEAL_SECONDS", 900)
# How old an entry must be to be sealed: transactions that began before it have ended by then, mostly.
AUDIT_SETTLE_SECONDS = env.seconds("AUDIT_SETTLE_SECONDS", 60)
# An entry that comes to light this long after its time was passed over by a seal is reported as put in afterwards.
AUDIT_LATE_SECONDS = env.seconds("AUDIT_LATE_SECONDS", 3600)

# --- the providers ----------------------------------------------------------------------------------------------------
GEMINI_API_KEY = env.optional("GEMINI_API_KEY")
GEMINI_BASE_URL = env.optional("GEMINI_BASE_URL") or env.optional("GOOGLE_GEMINI_BASE_URL")
VERTEX_API_KEY = env.optional("VERTEX_API_KEY")
GOOGLE_CLOUD_PROJECT = env.optional("GOOGLE_CLOUD_PROJECT")
GOOGLE_CLOUD_LOCATION = env.optional("GOOGLE_CLOUD_LOCATION")
VERTEX_BASE_URL = env.optional("VERTEX_BASE_URL") or env.optional("GOOGLE_VERTEX_BASE_URL")
PROVIDER_TIMEOUT_SECONDS = env.seconds("PROVIDER_TIMEOUT_SECONDS", 300)
PROVIDER_POLL_SECONDS = env.seconds("PROVIDER_POLL_SECONDS", 5) if env.optional("PROVIDER_POLL_SECONDS") else None
if not DEVELOPMENT and (GEMINI_API_KEY or VERTEX_API_KEY or GOOGLE_CLOUD_PROJECT) in (None, "simulator"):
    raise ImproperlyConfigured(
        "No provider: set GEMINI_API_KEY, VERTEX_API_KEY or GOOGLE_CLOUD_PROJECT. In production the hub does not run "
        "against its simulator."
    )
HUB_CATALOGUE = Path(env.text("HUB_CATALOGUE", str(BASE_DIR / "generations" / "catalogue.toml")))
HUB_PRICES = Path(env.text("HUB_PRICES", str(BASE_DIR / "usage" / "prices.toml")))

# --- the webhooks -----------------------------------------------------------------------------------------------------
# How long one attempt may take in all, from the look-up of the name to the end of the answer.
WEBHOOK_TIMEOUT_SECONDS = env.seconds("WEBHOOK_TIMEOUT_SECONDS", 15)
# Hosts that a webhook may go to though they are in the own network, and by plain HTTP.
WEBHOOK_ALLOWED_HOSTS = env.words("WEBHOOK_ALLOWED_HOSTS")

# --- the mail ---------------------------------------------------------------------------------------------------------
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.integer("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "hub@localhost")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
# Without a server mail is shown on the console of a development stack, and not made at all elsewhere.
MAIL_IS_SENT = bool(EMAIL_HOST) or DEVELOPMENT

# --- the files --------------------------------------------------------------------------------------------------------
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(HUB_VAR / "media")))
# Where new files go. Each file's row names its own place, so that a change strands none that are there.
MEDIA_STORAGE = env.text("MEDIA_STORAGE", "file")
STORAGES = {
    **media_storages(MEDIA_STORAGE),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
SIGNED_URL_SECONDS = env.seconds("SIGNED_URL_SECONDS", 300)
MAX_IMAGE_PIXELS = env.integer("MAX_IMAGE_PIXELS", 50_000_000)
MAX_VIDEO_PIXELS = env.integer("MAX_VIDEO_PIXELS", 4096 * 2304)
MAX_VIDEO_SECONDS = env.seconds("MAX_VIDEO_SECONDS", 600)
MAX_AUDIO_SECONDS = env.seconds("MAX_AUDIO_SECONDS", 3600)
# Who may say that a file cannot be deleted now: functions of its id.
MEDIA_USES = ["generations.selectors.works_with"]
FILE_UPLOAD_TEMP_DIR = env.directory(HUB_VAR / "tmp")
STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "static"
if DEVELOPMENT:
    # The admin's files come straight from the packages, so that no collectstatic stands between clone and first run.
    STATIC_ROOT = None
    WHITENOISE_USE_FINDERS = True
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

# --- the rights over one's own data -----------------------------------------------------------------------------------
# What each app holds of people: modules with HOLDINGS, the lowest app first.
PERSONAL_DATA = [
    "audit.personal_data",
    "users.personal_data",
    "usage.personal_data",
    "media.personal_data",
    "generations.personal_data",
]
# The queries that each app lives by: modules with QUERIES (docs/QUERY_PERF.md).
NAMED_QUERIES = [
    "audit.named_queries",
    "users.named_queries",
    "usage.named_queries",
    "media.named_queries",
    "generations.named_queries",
]
EXPORT_ARCHIVE = "media.archives.StoredArchive"
# How long an export can be fetched.
EXPORT_KEPT_SECONDS = env.seconds("EXPORT_KEPT_SECONDS", 7 * 24 * 3600)
# Outside of the database, so that a restored backup can be told again: a path, or `storage:folder`.
ERASURE_LOG = env.text(
    "ERASURE_LOG", str(HUB_VAR / "erasures.jsonl") if MEDIA_STORAGE == "file" else f"{MEDIA_STORAGE}:erasures"
)

# --- backups and migrations -------------------------------------------------------------------------------------------
# Which backups there are, in the same two forms. A destructive migration asks for a fresh one (docs/MIGRATIONS.md).
BACKUP_RECORDS = env.text(
    "BACKUP_RECORDS", str(HUB_VAR / "backups.jsonl") if MEDIA_STORAGE == "file" else f"{MEDIA_STORAGE}:backup-records"
)
# How long a migration waits for a lock, and everybody else behind it.
MIGRATION_LOCK_SECONDS = env.seconds("MIGRATION_LOCK_SECONDS", 4)
# Where backups go: a folder, or `storage:folder`; what they are sealed with, and how long they are kept.
BACKUPS = env.text("BACKUPS", str(HUB_VAR / "backups") if MEDIA_STORAGE == "file" else f"{MEDIA_STORAGE}:backups")
BACKUP_KEYS = env.key_ring("BACKUP_KEYS", ",".join(FIELD_ENCRYPTION_KEYS))
BACKUP_KEPT_DAYS = env.days("BACKUP_KEPT_DAYS", 35)
# Where a drill restores to: a server where the role may create databases, when that of the hub does not let it.
DRILL_DATABASE = env.database("DRILL_DATABASE_URL") if env.optional("DRILL_DATABASE_URL") else None

# --- Neon's own API, for branches, snapshots and what they cost -------------------------------------------------------
NEON_API_KEY = env.optional("NEON_API_KEY")
NEON_PROJECT_ID = env.optional("NEON_PROJECT_ID")
NEON_ORG_ID = env.optional("NEON_ORG_ID")
NEON_API_URL = env.text("NEON_API_URL", "https://console.neon.tech/api/v2").rstrip("/")
NEON_OWNER_ROLE = env.text("NEON_OWNER_ROLE", "neondb_owner")
# What a month may cost, all projects of the organisation together.
NEON_BUDGET_USD = env.dollars("NEON_BUDGET_USD")
# Where the clock has a signed checkpoint of the audit trail written once a day: the same, or `none`. With the entries
# since the last one, which may be purged then, or as the newest seal alone.
AUDIT_CHECKPOINTS = env.text(
    "AUDIT_CHECKPOINTS", str(HUB_VAR / "checkpoints") if MEDIA_STORAGE == "file" else f"{MEDIA_STORAGE}:checkpoints"
)
AUDIT_CHECKPOINT_ENTRIES = env.boolean("AUDIT_CHECKPOINT_ENTRIES", default=False)

# --- what is taken away by and by ------------------------------------------------------------------------------------
# Days after which it goes (docs/PURGING.md): after their end, their making, their last use, or the step before.
PURGE_SESSIONS_DAYS = env.days("PURGE_SESSIONS_DAYS", 1)
PURGE_IDEMPOTENCY_KEYS_DAYS = env.days("PURGE_IDEMPOTENCY_KEYS_DAYS", 1)
PURGE_PROMPTS_DAYS = env.days("PURGE_PROMPTS_DAYS", 365)
PURGE_MEDIA_ORPHANS_DAYS = env.days("PURGE_MEDIA_ORPHANS_DAYS", 7)
# The database itself refuses to let go of what is younger than 90 days.
PURGE_USAGE_LOGS_DAYS = env.days("PURGE_USAGE_LOGS_DAYS", 1095, at_least=90)
PURGE_AUDIT_LOGS_DAYS = env.days("PURGE_AUDIT_LOGS_DAYS", 1095)
PURGE_DORMANT_USERS_DAYS = env.days("PURGE_DORMANT_USERS_DAYS", 730)
PURGE_DORMANT_GRACE_DAYS = env.days("PURGE_DORMANT_GRACE_DAYS", 30)
# What the clock has run once a day.
PURGES = (
    *("purge_sessions", "purge_idempotency_keys", "purge_prompts", "purge_media", "purge_usage_logs"),
    *("purge_audit_logs", "purge_dormant_users"),
)
PURGE_DAILY = env.one_of_words("PURGE_DAILY", PURGES)

# --- what people read -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- what operators see -----------------------------------------------------------------------------------------------
# "json", one object a line, or "line", for people.
LOG_FORMAT = env.word("LOG_FORMAT", "line" if DEVELOPMENT else "json", logs.FORMATS)
LOGGING_CONFIG = "hub.logs.configure"
LOGGING = logs.configuration(log_format=LOG_FORMAT, level=env.word("LOG_LEVEL", "INFO", logs.LEVELS))
# A statement that takes longer is logged, without its values.
SLOW_QUERY_MS = env.count("SLOW_QUERY_MS", 500)
# Who may read /metrics: whoever has the token; without one, whoever asks from this very machine.
METRICS_TOKEN = env.optional("METRICS_TOKEN")
# How often the clock counts in the database while others are using it.
METRICS_SECONDS = env.seconds("METRICS_SECONDS", 15)
# What else a scrape looks up, in Redis alone.
METRICS_SOURCES = ["generations.figures.in_redis"]
# Traces and reports of errors leave the hub only when somebody names where to.
OTEL_EXPORTER_OTLP_ENDPOINT = env.optional("OTEL_EXPORTER_OTLP_ENDPOINT")
SENTRY_DSN = env.optional("SENTRY_DSN")
RELEASE = env.text("HUB_RELEASE", "")
