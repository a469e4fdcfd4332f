# Everything a person or CI runs here. `make` alone lists it.
PY ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
# Workers for the tests: a number, or one for each core; 0 runs them in one process (for a debugger).
JOBS ?= logical
# What the tests get on top: make test ARGS="-k clock"
ARGS ?=
UV ?= uv
UPGRADE ?=

INSTALL = $(BIN)/python -m pip install -q --require-hashes --no-deps --no-compile --only-binary :all: -r
SELF = $(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
LOCK = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	--only-binary :all: --all-extras $(UPGRADE)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Empty on purpose: images that set it make every start compile every library again (5.2 s instead of 1.2 s a pytest).
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint types contracts unit browser fmt lock bench clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/run.ok ## serve the product with demo data on PORT (8000)
	$(BIN)/sanlian demo --port $(PORT)

test: lint types contracts unit ## run every check and every test, as CI does

lint: $(VENV)/dev.ok ## ruff: rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.ok ## mypy
	$(BIN)/mypy

contracts: $(VENV)/dev.ok ## floors (import-linter) and declared dependencies (deptry)
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry engine api

unit: $(VENV)/dev.ok browser ## all tests: PostgreSQL and Chromium included
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

browser: ## find or install the browser of the page tests
	@sh scripts/browser.sh

fmt: $(VENV)/dev.ok ## repair what ruff can repair
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/dev.ok ## run the benchmarks (not part of test)
	@for one in trigger press http_press pages first_visit boards sweep among_open verify; do echo "== $$one"; $(BIN)/python -m benchmarks.$$one || exit 1; done

lock: ## pin the dependencies of pyproject.toml again (UPGRADE=--upgrade for newer ones)
	@command -v $(UV) >/dev/null || { echo "uv is needed to make the lock files: pip install uv (or set UV=…)" >&2; exit 2; }
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --group dev -c requirements.lock --no-annotate pyproject.toml -o requirements-dev.lock

clean: ## remove the virtual environment and what tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build sanlian.egg-info

$(VENV)/bin/python:
	@PY="$(PY)" VENV="$(VENV)" sh scripts/venv.sh

$(VENV)/run.ok: requirements.lock | $(VENV)/bin/python
	$(INSTALL) $<
	$(SELF)
	@touch $@

$(VENV)/dev.ok: requirements-dev.lock | $(VENV)/bin/python
	$(INSTALL) $<
	$(SELF)
	@touch $@ $(VENV)/run.ok
