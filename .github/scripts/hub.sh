#!/usr/bin/env bash
# A command of manage.py that asks Neon's API and no database: the settings want addresses, and these lead nowhere.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DATABASE_URL=postgresql://nobody@127.0.0.1:9/none REDIS_URL=redis://127.0.0.1:9/0 HUB_EMBEDDED=true
exec .venv/bin/python manage.py "$@"
