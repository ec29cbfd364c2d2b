# Every target installs what it needs first; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

UV_VERSION := 0.13.9
BIN := .venv/bin
INSTALLED := .venv/.installed
CLIENTS := tests/clients/node_modules/.package-lock.json
ERPS := tests/erps/.venv/.installed
DISTRIBUTED := tests/distributed/.venv/.installed
DISTRIBUTED_PROGRAMS := bwrap redis-server pg_isready curl wget
AXE := tests/browser/node_modules/.package-lock.json
CHROMIUM := /usr/bin/chromium
DEMO := PYTHONPATH=include $(BIN)/python -m demo
# PYTHON=... names the interpreter to build .venv with; otherwise the first of these that is new enough.
PYTHON ?=
PYTHONS := $(PYTHON) python3.11 python3.12 python3.13 python3
# PORT=... asks for one port of the web page and refuses to start where it is taken.
PORT ?=

.PHONY: help install demo qa up doctor down test test-clients test-erps test-airflow test-distributed test-browser screenshots \
	kills soak mutants bench bench-requests bench-limits bench-listing bench-review bench-parsing \
	bench-large bench-scenario \
	lint format types imports lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv from requirements.lock (hashes checked); instant when nothing changed

demo: $(INSTALLED) ## Watch four DAGs keep two sandbox systems in sync, then stop everything (3 minutes)
	@$(DEMO) demo

qa: $(INSTALLED) ## Edit every property of every pair on both sides and tick the QA checklist (5 minutes)
	@$(DEMO) qa

up: $(INSTALLED) ## Start the sandbox and Airflow in the background and say how to log in; PORT=8080
	@$(DEMO) up $(if $(PORT),--port $(PORT))

doctor: $(INSTALLED) ## Say whether what `make up` started lacks anything
	@$(DEMO) doctor

down: $(INSTALLED) ## End what `make up` started, or demo or qa in another terminal, and check that no process is left
	@$(DEMO) down

test: $(INSTALLED) ## Run all tests, loopback only (20 minutes, 2 cores)
	@AIRFLOW_HOME=$(CURDIR)/.run/test $(BIN)/python -m pytest -n 2 -m "not airflow and not clients and not erps and not distributed and not browser"

test-clients: $(INSTALLED) $(CLIENTS) ## Let two public Trello clients judge the sandbox; not in test: one comes from npm (a minute)
	@AIRFLOW_HOME=$(CURDIR)/.run/test $(BIN)/python -m pytest tests/clients

test-erps: $(INSTALLED) $(ERPS) ## Hold the connector to its contract on four real ERPs; not in test: PyPI and npm (3 minutes)
	@AIRFLOW_HOME=$(CURDIR)/.run/test $(BIN)/python -m pytest -n 2 -m erps tests/erps

test-airflow: $(INSTALLED) ## Kill, backfill and misspell in a real Airflow (minutes; a quiet machine)
	@AIRFLOW_HOME=$(CURDIR)/.run/test $(BIN)/python -m pytest -m airflow

test-distributed: $(INSTALLED) $(DISTRIBUTED) ## Start all that docker-compose.yaml starts, as processes; kill workers (Debian packages; 25 minutes)
	@AIRFLOW_HOME=$(CURDIR)/.run/test $(BIN)/python -m pytest -m distributed tests/distributed

test-browser: $(INSTALLED) $(AXE) $(CHROMIUM) ## Do in a real Airflow, in Chromium, what people do: forms and review page (10 minutes)
	@AIRFLOW_HOME=$(CURDIR)/.run/test $(BIN)/python -m pytest tests/browser

screenshots: $(INSTALLED) $(CHROMIUM) ## Take docs/screenshots anew from a real Airflow (5 minutes)
	@PYTHONPATH=plugins $(BIN)/python tests/browser/take_screenshots.py

bench: $(INSTALLED) ## Measure reconcile against Polars and DuckDB, and the state; a million records (under 10 minutes)
	@$(BIN)/python -m benchmarks.reconcile
	@$(BIN)/python -m benchmarks.state

bench-large: $(INSTALLED) ## Reconcile ten million records from disk beside one million (a quarter of an hour, 10 GB)
	@$(BIN)/python -m benchmarks.large

bench-requests: $(INSTALLED) ## Count the requests that a run without a change sends to Trello; thousands of records (half an hour)
	@$(BIN)/python -m benchmarks.requests_made

bench-limits: $(INSTALLED) ## Measure first loads of 2,000 projects under Trello's limits, in real time (a quarter of an hour)
	@$(BIN)/python -m benchmarks.limits

bench-listing: $(INSTALLED) ## Read 100,000 records from the sandbox's ERP beside a bare loop (minutes)
	@$(BIN)/python -m benchmarks.listing

bench-review: $(INSTALLED) ## Time the review page's views on a million links, SQLite and PostgreSQL (a quarter of an hour, 10 GB)
	@$(BIN)/python -m benchmarks.review

bench-parsing: $(INSTALLED) ## Parse the DAG files in fresh processes beside as many empty ones (a minute)
	@$(BIN)/python -m benchmarks.parsing

bench-scenario: $(INSTALLED) $(DISTRIBUTED) ## Sync 100,000 customers and 150,000 contacts beside a plain loop of requests (hours)
	@$(BIN)/python -m benchmarks.scenario

kills: $(INSTALLED) ## Kill a run of each pair at every one of its steps, real processes too (35 minutes on two fast quiet cores, else over an hour)
	@CUSTOMERP_TRELLO_KILLS=0 AIRFLOW_HOME=$(CURDIR)/.run/test $(BIN)/python -m pytest -n 2 --show-capture=no tests/kills

mutants: $(INSTALLED) ## Change mapping and reconcile in one place at a time and see that tests fail (an hour, 25 minutes on two fast cores)
	@$(BIN)/python tests/mutants/run.py

soak: $(INSTALLED) ## Edit, break, kill and preview at random for 100,000 steps, all pairs (85 minutes on two fast quiet cores, else over two hours)
	@SEED=$${CUSTOMERP_TRELLO_SOAK_SEED:-$$(date +%s)}; CUSTOMERP_TRELLO_SOAK_SEED=$$SEED \
		CUSTOMERP_TRELLO_SOAK_STEPS=25000 CUSTOMERP_TRELLO_SOAK_PARTS=8 AIRFLOW_HOME=$(CURDIR)/.run/test \
		$(BIN)/python -m pytest -n 2 --show-capture=no tests/soak

lint: $(INSTALLED) ## Check style and formatting, the compose file and the image's recipe
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yaml
	@$(BIN)/hadolint Dockerfile

format: $(INSTALLED) ## Put style and formatting right where a tool can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(INSTALLED) ## Check types
	@$(BIN)/mypy
	@MYPYPATH=include $(BIN)/mypy -p demo

imports: $(INSTALLED) ## Check that imports run downwards only
	@$(BIN)/lint-imports

lock: $(INSTALLED) ## Write requirements.lock anew from requirements.txt and requirements-dev.txt, keeping what still fits
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements-dev.txt --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		tests/erps/requirements.txt --output-file tests/erps/requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		tests/distributed/requirements.txt --output-file tests/distributed/requirements.lock

clean: ## End what runs and remove everything that make has made, .venv included
	@if [ -e $(INSTALLED) ] && [ -x $(BIN)/python ]; then $(DEMO) down; fi
	rm -rf .run .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/*/node_modules tests/*/.venv

$(CLIENTS) $(AXE): %/node_modules/.package-lock.json: %/package-lock.json
	@if ! command -v npm >/dev/null; then \
		echo "npm and Node 20 or later are needed: $* takes a package from npm. Install both, then try again." >&2; \
		exit 1; \
	fi
	@cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(ERPS): tests/erps/requirements.lock tests/erps/package-lock.json | $(INSTALLED)
	@if ! command -v npm >/dev/null; then \
		echo "npm and Node 20 or later are needed: json-server is a JavaScript program. Install both, then try again." >&2; \
		exit 1; \
	fi
	@$(BIN)/python -m venv --clear tests/erps/.venv
	@VIRTUAL_ENV=$(CURDIR)/tests/erps/.venv $(BIN)/uv pip install --quiet --require-hashes -r tests/erps/requirements.lock
	@cd tests/erps && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(DISTRIBUTED): tests/distributed/requirements.lock | $(INSTALLED)
	@for program in $(DISTRIBUTED_PROGRAMS); do \
		if ! command -v $$program >/dev/null; then \
			echo "$$program is missing. Debian: apt-get install bubblewrap curl postgresql redis-server wget" >&2; \
			exit 1; \
		fi; \
	done
	@$(BIN)/python -m venv --clear tests/distributed/.venv
	@VIRTUAL_ENV=$(CURDIR)/tests/distributed/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes \
		-r tests/distributed/requirements.lock
	@touch $@

$(CHROMIUM):
	@echo "Chromium is needed at $@ (Debian: apt-get install chromium)." >&2; exit 1

$(INSTALLED): requirements.lock requirements.txt pyproject.toml
	@python=""; \
	for candidate in $(PYTHONS); do \
		if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
			python="$$candidate"; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11, 3.12 or 3.13 is needed, and none of these is one: $(strip $(PYTHONS))." >&2; \
		echo "Install one of them, or name it: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		"$$python" -m venv --clear .venv || { rm -rf .venv; exit 1; }; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
