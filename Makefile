VENV ?= .venv
PYTHON ?= python3
COUNTRIES ?= DE US
PORT ?= 8080
DATA ?= var
ALLOW_NETWORKS ?=
WHEELS ?=
WORKERS ?= auto
FUZZ_MINUTES ?= 10
SCHEMATHESIS_MINUTES ?= 15
ADVISORIES ?=
BIN = $(VENV)/bin
# Tests start many Python programs; bytecode saves compiling them each time.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
# Several processes, each with its own servers; tests/spread.py distributes the tests.
SPREAD = -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: run test-quick test test-long fuzz drill check audit sbom fmt bench pictures schema docs lock wheels sdk tools help

run: $(VENV)/.ready ## Start PostgreSQL, NATS, a controller and an agent per country on this machine
	@exec $(BIN)/mailprobe-local --countries "$(COUNTRIES)" --port "$(PORT)" --data "$(DATA)" --allow-networks "$(ALLOW_NETWORKS)" \
	  --stop-with-parent

test-quick: $(VENV)/.ready ## Run the tests of decisions, parsers and contracts (under a minute)
	$(PYTEST) $(SPREAD) tests/unit tests/probes/test_reply_parsers.py tests/probes/test_every_probe.py

test: $(VENV)/.ready ## Run all tests but the long ones (about fourteen minutes); reasons of skips name what is missing
	$(PYTEST) $(SPREAD)

test-long: $(VENV)/.ready ## Run the long tests: regions, the operations page, fuzz, a drill of each kind
	$(PYTEST) $(SPREAD) -m long

fuzz: $(VENV)/.tools ## Fuzz all that reads what others send, FUZZ_MINUTES=10 for each group and engine, 15 for the API (an hour on two cores)
	@$(BIN)/python -m tests.fuzz --minutes $(FUZZ_MINUTES)
	@SCHEMATHESIS_MINUTES=$(SCHEMATHESIS_MINUTES) $(PYTEST) -m long tests/integration/api/system/test_openapi_fuzz.py

drill: $(VENV)/.ready ## Kill and freeze every part under load, and account for every check (an hour)
	$(PYTEST) -m drill tests/system

check: $(VENV)/.ready ## Check format and lint (ruff), types (mypy), import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(VENV)/.ready ## Look for withdrawn releases in the lock files, and in ADVISORIES (OSV) for known vulnerabilities
	@$(BIN)/python -m tests.audit $(ADVISORIES)

sbom: $(VENV)/.tools ## Write what controller and agent install, with licences, to sbom/ (CycloneDX)
	@$(BIN)/python -m deploy.docker.sbom

fmt: $(VENV)/.ready ## Format, and fix lint errors that ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.ready ## Measure performance; prints JSON (some minutes)
	@$(BIN)/python -m tests.bench

pictures: $(VENV)/.ready ## Take a picture of every view of the dashboard, into pictures/ (needs Chromium)
	@$(BIN)/python -m tests.pictures

schema: $(VENV)/.ready ## Rewrite asyncapi.json and docs/openapi.json; names what breaks clients and then needs BREAKING=1
	@$(BIN)/python -m controller.api.asyncapi
	@$(BIN)/python -m tests.docs.openapi $(if $(BREAKING),--breaking)

sdk: $(VENV)/.tools ## Make the typed Python client of /api/v1 from the OpenAPI document, as a wheel in dist/
	@$(BIN)/python -m tests.sdk

docs: $(VENV)/.ready ## Rewrite the generated pages of docs/: settings, failures, metrics
	@$(BIN)/python -m tests.docs

lock: $(VENV)/.ready ## Rewrite the lock files and the images' parts of them (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --extra agent --extra controller --extra embedded --extra dev -o requirements.lock pyproject.toml
	$(BIN)/python -m deploy.docker.parts
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --extra tools --constraint requirements.lock -o requirements-tools.lock pyproject.toml

wheels: $(VENV)/.ready ## Download to wheels/ what `make run WHEELS=wheels` installs on a machine without network
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --dest wheels --only-binary :all: --no-binary nkeys \
	  --require-hashes -r requirements.lock
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --dest wheels --only-binary :all: pip setuptools

tools: $(VENV)/.tools ## Install the tools that few tests need: axe (barriers in pages), atheris (fuzzing), cyclonedx-bom, openapi-python-client

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: pyproject.toml requirements.lock
	@$(PYTHON) -m deploy.local.install $(VENV) --wheels "$(WHEELS)"
	@touch $@

$(VENV)/.tools: requirements-tools.lock $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements-tools.lock
	@touch $@
