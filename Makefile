# central-config. `make run` and `make test` set up all they need; `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
STAMP := $(VENV)/.installed
# Tests wait for real servers more than they compute: three at a time on two processors.
TESTERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup run test previous check format lock docs sdk bench bench-ai models model-test clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed ($(PYTHON) is older); try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "The venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(INSTALL) || $(INSTALL) --system-certs  # behind a proxy only the system knows the certificate
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP) ## Install everything into .venv

run: $(STAMP) ## Start the whole service on this machine
	@SAMPLE_WORKSPACE=$${SAMPLE_WORKSPACE:-true} $(BIN)/central-config serve

test: $(STAMP) ## Run all tests (ARGS="-k name" to choose)
	@$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder -rs $(ARGS)

previous: $(STAMP) ## Run the tests of an earlier release on this schema (REF=v1.2.0)
	@$(BIN)/python tests/previous_release.py $(REF)

check: $(STAMP) ## Lint, format, types, architecture: what CI checks before the tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/basedpyright --level error

format: $(STAMP) ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

docs: $(STAMP) ## Generate the reference pages from the code
	@$(BIN)/python docs/generate.py
	@$(BIN)/python sdk/python/generate_errors.py
	@$(BIN)/python deploy/monitoring/dashboards/build.py
	@$(BIN)/python deploy/kubernetes/render.py

lock: $(STAMP) ## Resolve the dependencies anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --all-extras --group dev pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra embedded --extra traces pyproject.toml -c requirements-dev.lock -o requirements.lock

sdk: $(STAMP) ## Build the wheel of the Python SDK into sdk/python/dist
	@cd sdk/python && $(abspath $(BIN))/python -m hatchling build -t wheel

bench: $(STAMP) ## Compare with etcd, Unleash and nginx; writes docs/explanation/performance.md (ARGS="reads --quick")
	@$(BIN)/python -m bench $(ARGS)

bench-ai: $(STAMP) ## Ask the assistant hundreds of questions; writes docs/explanation/assistant-quality.md
	@$(BIN)/python -m bench.ai $(ARGS)

models: $(STAMP) ## Fetch real language models into CENTRAL_CONFIG_TEST_MODELS (3 GB of disk)
	@$(BIN)/python -m tests.support.models

model-test: $(STAMP) ## Try the AI engine with those models: minutes of both processors
	@$(BIN)/python -m pytest -n0 -rs tests/assistant/engine/test_real_models.py tests/assistant/planning/test_real_model.py $(ARGS)

clean: ## Remove what was installed and cached (never data)
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
