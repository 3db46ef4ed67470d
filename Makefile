# Two commands matter: `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run test test-main test-services test-e2e lint fmt types bench lock dev

# Any Python from 3.11 on makes the first .venv; from then on the one in it is used. PYTHON=python3.12 overrides both.
ifndef PYTHON
PYTHON := $(shell test -x .venv/bin/python && echo .venv/bin/python || echo python3)
endif
PREPARE = @$(PYTHON) deploy/prepare.py
IN_VENV := .venv/bin/python -m

# No test may reach a paid provider, whatever the shell that started it knows; only the services suite has servers.
WITH_SERVERS := env -u ANTHROPIC_API_KEY -u OPENAI_API_KEY -u RUN_TURNS
ALONE := $(WITH_SERVERS) -u DATABASE_URL -u REDIS_URL
# For example: make test-main ARGS='tests/chat -k stop'
ARGS ?=

help: ## list these commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: ## start the server on http://127.0.0.1:8000 (PORT= and HOST= change it)
	$(PREPARE) manage.py serve

test: dev ## run all three suites, whatever the first ones say
	@failed=; for suite in main services e2e; do $(MAKE) --no-print-directory test-$$suite || failed="$$failed $$suite"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi

test-main: dev ## ... everything that needs only Python; always on SQLite and without Redis
	$(ALONE) $(IN_VENV) pytest -n 2 --dist loadfile --ignore=tests/services --ignore=tests/e2e $(ARGS)

test-services: dev ## ... on PostgreSQL (DATABASE_URL) and Redis (REDIS_URL); skipped where these are not set
	$(WITH_SERVERS) $(IN_VENV) pytest tests/services $(ARGS)

# Playwright keeps an event loop in the main thread, where Django would refuse every query.
test-e2e: dev ## ... in a real browser; skipped where there is no chromium
	$(ALONE) DJANGO_ALLOW_ASYNC_UNSAFE=true $(IN_VENV) pytest tests/e2e $(ARGS)

lint: dev ## style, types, floors, templates, lock files
	$(IN_VENV) ruff check
	$(IN_VENV) ruff format --check
	$(IN_VENV) mypy
	.venv/bin/lint-imports
	$(IN_VENV) djlint templates --check --quiet
	$(IN_VENV) djlint templates --lint --quiet
	$(IN_VENV) deploy.check_locks

fmt: dev ## format the code and the templates
	$(IN_VENV) ruff format
	$(IN_VENV) ruff check --fix
	-$(IN_VENV) djlint templates --reformat --quiet

types: dev ## the types alone
	$(IN_VENV) mypy

bench: ## measure what the README claims
	$(PREPARE) -m bench

lock: ## make the lock files anew after a change of pyproject.toml or package.json (ARGS=--upgrade moves every version)
	$(PREPARE) -m deploy.lock $(ARGS)

dev:
	$(PREPARE) --dev
