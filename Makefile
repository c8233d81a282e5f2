# The hub's two commands are `make demo` and `make test`; `make help` lists all of them.
# Every path is relative and nothing is called through a script of the virtual environment: a path with a space in it works.

PYTHON ?= python3
PY := .venv/bin/python
# The type checker reads the settings and connects to nothing.
NOWHERE := HUB_EMBEDDED=true DATABASE_URL=postgresql://localhost/none REDIS_URL=redis://localhost

.DEFAULT_GOAL := help
.PHONY: help setup demo run test tests test-pooled check lint types contracts django migrations schema fuzz bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: .venv/installed ## the virtual environment with everything the other targets need

.venv/installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "The hub needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@echo "Installing the pinned requirements into .venv (once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: setup ## the main job end to end: one generation of every kind on a stack of its own
	@$(PY) -m hub.local.demo

run: setup ## the whole stack, kept running until Ctrl-C
	@$(PY) manage.py runstack

test: django migrations ## everything that checks: style, types, contracts, migrations, OpenAPI, tests
	@$(MAKE) --no-print-directory --jobs=2 tests lint types contracts

# First in the line above: what needs one core goes beside it, one after the other.
tests: setup
	$(PY) -m pytest -n 3 --dist loadfile

test-pooled: setup ## the tests again, through PgBouncer in transaction mode (Debian: apt-get install pgbouncer)
	@$(PY) -c 'import sys; from hub.local import pgbouncer; sys.exit(pgbouncer.missing())'
	HUB_TEST_POOLED=true $(PY) -m pytest -n 3 --dist loadfile

check: lint types contracts django migrations

lint: setup
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: setup
	$(NOWHERE) $(PY) -m mypy .

contracts: setup
	$(PY) -c 'import sys; sys.path.insert(0, "clients/python/src"); from importlinter.cli import lint_imports_command; sys.argv = ["lint-imports"]; lint_imports_command()'

django: setup
	$(PY) manage.py check --fail-level WARNING
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py document_errors --check
	$(PY) manage.py spectacular --validate --fail-on-warn --file var/openapi.yaml

migrations: setup
	$(PY) manage.py schema_changelog --check
	$(PY) manage.py schema_drift --check
	$(PY) manage.py lintmigrations --settings=tests.migrations.settings

schema: setup ## writes docs/schema.sql and docs/SCHEMA_CHANGELOG.md, after a migration was made
	$(PY) manage.py schema_changelog
	$(PY) manage.py schema_drift --write

fuzz: setup ## at least 5,000 examples of every sort against a running hub, from its own OpenAPI schema
	FUZZ_EXAMPLES=150 FUZZ_AT_LEAST=5000 $(PY) -m pytest -s tests/fuzz

bench: setup ## rates, beside figures measured in the same run
	$(PY) -m tests.bench

clean: ## removes the virtual environment and what the embedded servers stored
	rm -rf .venv var
