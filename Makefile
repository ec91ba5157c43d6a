# The two commands of a new user:
#   make convert RECIPE=recipes/mobilenet.yml
#   make test
RECIPE ?= recipes/mobilenet.yml
ARGS ?=

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

# The first interpreter of 3.10 or later; PYTHON=... chooses another.
find_python = for p in python3 python3.13 python3.12 python3.11 python3.10 python3.14 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && { command -v "$$p"; break; }; done
PYTHON ?= $(shell $(find_python))

# Where packages go, and what is imported, is not for what was set with other environments in mind to say; which index
# they come from, its certificate and the proxy stay as the user has them. Two options hold against pip.conf, too.
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_CONSTRAINT PIP_REQUIREMENT PIP_EDITABLE PIP_DRY_RUN
unexport PIP_REQUIRE_HASHES PIP_NO_DEPS PIP_ONLY_DEPS PIP_IGNORE_INSTALLED PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-user --target=

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev convert plan check test test-unit test-real browser lint schema format bench clean

help: ## Show this list
	@printf 'tfjs-workflow: move models between Python and TensorFlow.js\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do \
		printf '  make %-10s %s\n' "$$target" "$$text"; done
	@printf '\n  RECIPE=recipes/digits.yml chooses a recipe, ARGS="--force" passes options on.\n'

setup: .venv/.ready ## Install the host tool into .venv

setup-dev: .venv/.ready-dev ## Install the host tool and what its tests need

convert: setup ## Run a recipe: make convert RECIPE=recipes/mobilenet.yml
	@$(BIN)/tfjs-workflow convert "$(RECIPE)" $(ARGS)

plan: setup ## Show what convert would do, and why
	@$(BIN)/tfjs-workflow plan "$(RECIPE)" $(ARGS)

check: setup ## Report every mistake in a recipe; needs no environment
	@$(BIN)/tfjs-workflow check "$(RECIPE)" $(ARGS)

test: setup-dev ## Run every test; sets up what they need
	$(BIN)/python -m pytest tests/unit tests/real $(ARGS)

test-unit: setup-dev ## Run the fast tests: no network, no environment
	$(BIN)/python -m pytest tests/unit $(ARGS)

test-real: setup-dev ## Run the tests on the real environment and the real converter
	$(BIN)/python -m pytest tests/real $(ARGS)

browser: ## See to a browser that models are verified in; on Debian, install Chromium
	@sh scripts/install_browser.sh

lint: setup-dev ## ruff and mypy, strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

schema: setup ## Write the recipes' JSON Schema and the README's tables anew
	$(BIN)/python scripts/write_schema.py

format: setup-dev ## Let ruff format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: setup ## Compare with the reference converter and with cp, in the same run
	$(BIN)/python scripts/bench.py $(ARGS)

clean: ## Remove .venv and the caches of the linters (no model, no environment)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .mutation

.venv/.ready: requirements/host.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python >= 3.10 on PATH; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "installing tfjs-workflow into .venv (once)"
	@rm -rf .venv
	@"$(PYTHON)" -m venv .venv || { echo "error: '$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; rm -rf .venv; exit 1; }
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/host.txt
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q workflow
	@touch $@

.venv/.ready-dev: .venv/.ready requirements/dev.txt
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@
