VENV ?= .venv
PYTHON ?= python3
COUNTRIES ?= DE US
PORT ?= 8080
DATA ?= var
ALLOW_NETWORKS ?=
BIN = $(VENV)/bin

.PHONY: run test drill check fmt bench schema lock help

run: $(VENV)/.ready ## Start PostgreSQL, NATS, a controller and an agent per country on this machine
	@exec $(BIN)/mailprobe-local --countries "$(COUNTRIES)" --port "$(PORT)" --data "$(DATA)" --allow-networks "$(ALLOW_NETWORKS)" \
	  --stop-with-parent

test: $(VENV)/.ready ## Run every test (what is not installed is skipped with a reason)
	$(BIN)/python -m pytest

drill: $(VENV)/.ready ## Kill and freeze every part under load; the ledger must balance (an hour)
	$(BIN)/python -m pytest -m drill tests/system

check: $(VENV)/.ready ## Format and lint (ruff), types (mypy), import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/.ready ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.ready ## Measure; prints JSON (some minutes)
	@$(BIN)/python -m tests.bench

schema: $(VENV)/.ready ## Write asyncapi.json anew, after a change of the wire types
	@$(BIN)/python -m controller.api.asyncapi

lock: $(VENV)/.ready ## Write requirements.lock and what the images install of it anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --extra agent --extra controller --extra embedded --extra dev -o requirements.lock pyproject.toml
	$(BIN)/python -m deploy.docker.parts

help: ## Show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/.ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-binary nkeys --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
