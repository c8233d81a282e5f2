#!/usr/bin/env bash
# Migrates the branch of a pull request as production is migrated: as `migrator`, by the direct address, through the gate.
# OWNER_URL is the owner's direct address of the branch, POOLED_HOST its pooled one. Every secret is made here and
# forgotten with the run.
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHON=.venv/bin/python

secret() { "$PYTHON" -c 'import secrets; print(secrets.token_hex(24))'; }
key() {
  "$PYTHON" -c 'import base64, secrets; print("preview:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'
}

# A branch has the roles of its parent, and passwords that nobody here knows.
MIGRATOR_PASSWORD=$(secret)
APP_PASSWORD=$(secret)
PSQL=$("$PYTHON" -c 'from hub.local.binaries import postgres_program; print(postgres_program("psql"))')
"$PSQL" "$OWNER_URL" --quiet --no-psqlrc -v ON_ERROR_STOP=1 -v migrator="$MIGRATOR_PASSWORD" -v app="$APP_PASSWORD" <<'SQL'
ALTER ROLE migrator PASSWORD :'migrator';
ALTER ROLE app PASSWORD :'app';
SQL

HOST_AND_REST=${OWNER_URL#*@}
export DATABASE_URL="postgresql://app:$APP_PASSWORD@$POOLED_HOST/${HOST_AND_REST#*/}"
export DATABASE_URL_DIRECT="postgresql://migrator:$MIGRATOR_PASSWORD@$HOST_AND_REST"
export REDIS_URL=redis://127.0.0.1:9/0 HUB_EMBEDDED=false GEMINI_API_KEY=preview
SECRET_KEY=$(secret)
FIELD_ENCRYPTION_KEYS=$(key)
FIELD_INDEX_KEYS=$(key)
API_KEY_PEPPERS=$(key)
AUDIT_SIGNING_KEYS=$(key)
export SECRET_KEY FIELD_ENCRYPTION_KEYS FIELD_INDEX_KEYS API_KEY_PEPPERS AUDIT_SIGNING_KEYS

# The gate asks for a backup before anything is destroyed; a preview practises that too.
"$PYTHON" manage.py backup_database --keep-days 1
"$PYTHON" manage.py migrate --noinput
"$PYTHON" manage.py migrate --check
