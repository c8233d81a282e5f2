#!/usr/bin/env bash
# A command of manage.py with the settings of an environment: HUB_ENV is the content of its .env, kept in a file for as
# long as the command runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
umask 077
HUB_ENV_FILE=$(mktemp)
export HUB_ENV_FILE
trap 'rm -f "$HUB_ENV_FILE"' EXIT
printf '%s\n' "$HUB_ENV" > "$HUB_ENV_FILE"
unset HUB_ENV
.venv/bin/python manage.py "$@"
