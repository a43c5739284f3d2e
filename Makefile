# One word per task. `make` alone lists them.
# Nothing here needs root or asks a question; everything lives in .venv and may be deleted.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NODE_TESTS := tests/clients/node
WEB := web
PAGE := src/workroom/transports/page/dist/index.html
PAGE_SOURCES := $(shell find $(WEB)/app $(WEB)/packages/client/src \
	-name node_modules -prune -o -name test -prune -o -type f -print)
PYTHON_FILES := src tests tools bench examples
TEST_OPTIONS ?= -n auto --maxprocesses 8 --dist worksteal

.PHONY: help install page run test client web protocol reference site lint types arch budgets docs check bench format lock coverage clean

help:  ## List the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## Make .venv with the locked dependencies and Workroom itself

page: $(PAGE)  ## Build the page (needs Node 20.19 or later, and npm)

run: install page-if-npm  ## Start the demo: people and rooms to look at, on ports 8000 and 8010
	@$(BIN)/workroom demo

test: install node-tests web page  ## Run all tests
	@$(BIN)/python -m pytest $(TEST_OPTIONS)

client: $(WEB)/node_modules/.installed  ## Build the TypeScript client and its drop-in pieces (needs Node and npm, no Python)
	@cd $(WEB) && npm run --silent build --workspace packages/client

web: install $(WEB)/node_modules/.installed  ## Check, build and test the TypeScript client and the page
	@$(BIN)/python tools/protocol_types.py --check
	@cd $(WEB) && npm run --silent lint && npm run --silent types && npm run --silent build \
		&& npm run --silent test

protocol: install  ## Write the TypeScript types of all messages anew, from the server's schema
	@$(BIN)/python tools/protocol_types.py

reference: install  ## Write the pages under docs/reference anew, from the code
	@$(BIN)/python tools/reference.py

site: install  ## Build the documentation as a site, into site/; a broken link is an error
	@$(BIN)/python tools/reference.py --check
	@$(BIN)/python tools/build_site.py

lint: install  ## Check style
	@$(BIN)/ruff check $(PYTHON_FILES)
	@$(BIN)/ruff format --check $(PYTHON_FILES)

types: install  ## Check types, strictly
	@$(BIN)/mypy
	@folders="$$(find tests -name '*.py' | xargs -n 1 dirname | sort -u)"; \
	for each in $$folders; do \
		[ -f "$$each/__init__.py" ] || MYPYPATH="$${MYPYPATH:-src}:$$each"; \
	done; \
	export MYPYPATH; bad=0; \
	for each in $$folders; do \
		$(BIN)/mypy --no-error-summary "$$each"/*.py || bad=1; \
	done; exit $$bad

arch: install  ## Check that imports point down
	@$(BIN)/lint-imports --no-logo

budgets: install  ## Check the sizes of files and functions
	@$(BIN)/python tools/budgets.py

docs: install node-tests  ## Check that every setting, error code and metric is documented
	@$(BIN)/python -m pytest tests/docs

check: lint types arch budgets test  ## All that has to pass before a change goes in

bench: install  ## Measure; BENCH holds further arguments, as in make bench BENCH=--quick
	@$(BIN)/python -m bench $(BENCH)

coverage: install node-tests web page  ## Run the tests and show the branches that none of them takes
	@$(BIN)/python -m pytest $(TEST_OPTIONS) --cov --cov-report=term-missing

format: install  ## Format the code
	@$(BIN)/ruff check --fix $(PYTHON_FILES)
	@$(BIN)/ruff format $(PYTHON_FILES)
	@if [ -d $(WEB)/node_modules ]; then cd $(WEB) && npm run --silent format; fi

lock:  ## Resolve the dependencies anew and write requirements/*.txt (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	@uv pip compile --universal --generate-hashes --no-header --python-version 3.11 \
		pyproject.toml --output-file requirements/runtime.txt --quiet
	@uv pip compile --universal --generate-hashes --no-header --python-version 3.11 \
		pyproject.toml --group dev --output-file requirements/dev.txt --quiet

clean:  ## Delete what can be made again (not the data)
	@rm -rf $(VENV) site .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
	@rm -rf $(NODE_TESTS)/node_modules $(WEB)/node_modules $(WEB)/packages/*/dist \
		$(dir $(PAGE))

$(PAGE): $(PAGE_SOURCES) $(WEB)/node_modules/.installed
	@cd $(WEB) && npm run --silent build --workspace app
	@touch $@

# Without npm, or when it fails, Workroom runs all the same, and its page says how to get it.
.PHONY: page-if-npm
page-if-npm:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory page \
		|| echo "The page could not be built; everything else is served." >&2; fi

.PHONY: node-tests
node-tests:
	@if [ -f $(NODE_TESTS)/package.json ]; then $(MAKE) --no-print-directory $(NODE_TESTS)/node_modules/.installed; fi

$(NODE_TESTS)/node_modules/.installed: $(wildcard $(NODE_TESTS)/package*.json)
	@command -v npm >/dev/null || { echo "The JavaScript clients' tests need Node 20 or later and npm." >&2; exit 1; }
	@npm ci --prefix $(NODE_TESTS) --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json $(WEB)/package.json $(wildcard $(WEB)/packages/*/package.json) $(WEB)/app/package.json
	@command -v npm >/dev/null || { echo "The TypeScript client and the page need Node 20.19 or later and npm." >&2; exit 1; }
	@cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The first of these that is new enough and can make virtual environments. pip compiles what it
# installs, but not what stays where it is; where Python may not write, each start would do it anew.
$(STAMP): requirements/dev.txt pyproject.toml
	@python=""; \
	for each in python3.13 python3.12 python3.11 python3; do \
		if "$$each" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
			>/dev/null 2>&1; then python="$$each"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Workroom needs Python 3.11 or later with its venv module" \
			"(on Debian and Ubuntu: apt install python3-venv)." >&2; \
		exit 1; \
	fi; \
	echo "Installing into $(VENV) with $$("$$python" --version) ..."; \
	"$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src || true
	@touch $@
