# Everything a fresh machine with Python 3.11+ and make needs is set up here, once, by the targets themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export PYTHONPATH := $(CURDIR):$(CURDIR)/lambda_src:$(CURDIR)/client:$(CURDIR)/marketplace-local:$(CURDIR)/agent
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup browser run engine-trial drill marketplace test quick bench costs check hooks docs format soak mutants cdk synth bootstrap deploy rollback destroy engine-secret engine-register yawl-contract smoke schema record lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | sort | column -t -s "$$(printf '\t')"

# --- set-up -----------------------------------------------------------------------------------------------------------

# three environments: the project's own, the embedded cloud's (another botocore), and a bare one in which
# functions run, so that they see nothing but their own asset
$(VENV)/.ready: requirements.txt
	@echo "setting up $(VENV) (once, a minute or two) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv-cloud/.ready: local/emulator-requirements.txt $(VENV)/.ready
	@echo "setting up .venv-cloud (once) ..."
	@test -x .venv-cloud/bin/python || $(PYTHON) -m venv --without-pip .venv-cloud
	@$(VENV)/bin/uv pip sync --quiet --require-hashes --python .venv-cloud/bin/python local/emulator-requirements.txt
	@touch $@

.venv-lambda/.ready:
	@$(PYTHON) -m venv --without-pip .venv-lambda
	@touch $@

setup: $(VENV)/.ready .venv-cloud/.ready .venv-lambda/.ready  ## the virtual environments (every target does it by itself)

# Chromium for the tests of pages; Debian's own, since browsers of test tools are not to be had from PyPI
browser:
	@command -v chromium >/dev/null || { \
	  command -v apt-get >/dev/null || { echo "chromium is needed for the tests of pages: install it and run again" >&2; exit 1; }; \
	  echo "installing chromium (once) ..."; \
	  sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends chromium >/dev/null; }

# --- the two commands -------------------------------------------------------------------------------------------------

run: setup  ## replay an event log through the local stage and bill it (LOG=path SHARE=n HOURS=n KEEP=1, and ENGINE=http://…/yawl ENGINE_USER= ENGINE_PASSWORD=)
	@exec $(PY) -m local.run

engine-trial: setup  ## bill the cases of four YAWL engines: silent, announcing, disturbed, down for two hours (a minute; no engine needed)
	@exec $(PY) -m local.engine_trial

drill: setup  ## faults on the local stage, from the alarm to the runbook's repair (ONLY=name,name; needs the AWS CLI)
	@exec $(PY) -m local.drill

marketplace: setup  ## the local AWS Marketplace on 127.0.0.1, with a page (PORT=8090)
	@exec $(PY) -m marketplace_local --port $(or $(PORT),8090)

# All of them in one process more than there are cores (tests/on_all_cores.py), since many tests wait for servers; at most four.
# The ten slowest stand at the end. A part begins sooner in one process.
PARALLEL = --numprocesses=$(shell $(PY) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
test: setup browser cdk  ## all tests (T=tests/unit/ledger: a part)
	@exec $(PY) -m pytest --durations=10 $(or $(T),$(PARALLEL))

# They may be run against an engine of a test installation: its log keeps the cases, all else is removed afterwards.
yawl-contract: setup  ## what the YAWL connector needs of an engine, tried on it (YAWL_ENGINE=http://…/yawl YAWL_USER= YAWL_PASSWORD= YAWL_RESOURCE=)
	@exec $(PY) -m pytest tests/yawl_contract -rs

quick: setup  ## the tests of rules and scenarios, while editing: less than a minute
	@exec $(PY) -m pytest tests/unit tests/scenarios $(PARALLEL)

# --- and the others ---------------------------------------------------------------------------------------------------

bench: setup  ## measure, and write docs/benchmarks.md (B=imports: one figure)
	@exec $(PY) -m bench $(B)

costs: setup  ## write docs/costs.md: a stage's month in dollars (TIMES=1: measure service times again)
	@exec $(PY) -m bench.costs $(if $(TIMES),--times)

check: setup  ## lint, formatting, types, links of the pages, known vulnerabilities (AUDIT=1: their data must be there); with STAGE=dev the stage's account and listing, which nothing changes (JSON=1)
ifdef STAGE
	@exec $(PY) -m deploy check
else
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet --site-dir build/docs-checked
	@AUDIT=$(AUDIT) $(PY) -m dependencies.audit
endif

docs: setup node_modules/.ready  ## the documentation as a site in build/docs (SERVE=1: on http://127.0.0.1:8000)
	@NO_MKDOCS_2_WARNING=1 exec $(VENV)/bin/mkdocs $(if $(SERVE),serve --dev-addr 127.0.0.1:8000,build --strict --quiet)

hooks: setup  ## checks before each commit (.pre-commit-config.yaml)
	@$(VENV)/bin/pre-commit install

format: setup  ## format the code
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

soak: setup  ## the simulation of the protocol, long (STEPS=n SEED=n JOBS=n), or one episode again (SEED=n EPISODE=m)
	@exec $(PY) -m tests.simulation.soak $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(EPISODE),--episode $(EPISODE)) $(if $(JOBS),--jobs $(JOBS))

mutants: setup  ## every mutant of the protocol against the simulation, until it is found (STEPS=n ONLY=id,id JOBS=n)
	@exec $(PY) -m tests.simulation.hunt $(if $(STEPS),--steps $(STEPS)) $(if $(ONLY),--only $(ONLY)) $(if $(JOBS),--jobs $(JOBS))

# --- into an account: STAGE=dev, PRODUCT_CODE=... instead of the file's, YES=1 asks nothing,
# SELLER=1 the publishing account's stack of a stage that lives in another one, ARGS="options of the CDK's command line"

# the CDK's command line is pinned (npm's "latest" of it is an old build published by mistake) and runs on the pinned Node
node_modules/.ready: package-lock.json | $(VENV)/.ready
	@echo "installing the CDK's command line (once) ..."
	@$(PY) -m deploy.cdk_cli
	@touch $@

cdk: setup node_modules/.ready  ## the CDK's command line (the targets below do it by themselves)

synth: setup  ## write the templates of a stage to build/cdk.out-<stage> (STAGE=dev)
	@exec $(PY) -m deploy synth

bootstrap: cdk  ## prepare an AWS account for a stage, once (STAGE=dev)
	@exec $(PY) -m deploy bootstrap

deploy: cdk  ## deploy a stage to its AWS account, new or again (STAGE=dev)
	@exec $(PY) -m deploy deploy

rollback: cdk  ## the code of before the last deployment live again (STAGE=dev BEFORE=time)
	@exec $(PY) -m deploy rollback

destroy: cdk  ## remove a stage that does not keep its data (STAGE=dev)
	@exec $(PY) -m deploy destroy

engine-secret: setup  ## make the address to which a YAWL engine announces (STAGE=dev ENGINE=id); stores nothing
	@exec $(PY) -m deploy engine-secret

engine-register: setup  ## register that address in the engine (YAWL=its web application; REPLACE=1: the old one goes)
	@exec $(PY) -m deploy engine-register

smoke: setup  ## try a deployed stage by its own doors (STAGE=dev JSON=1; WRITE=1 TEST_BUYER=key: also an event and a run)
	@exec $(PY) -m deploy smoke

schema: setup  ## the editors' schemas of stage files and docs/deploy.md's tables of keys, from their declarations
	@$(PY) -m stacks.stage.describe

record: setup  ## write down what this release is: names that may not change, templates to update from (tests/releases)
	@$(PY) -m tests.releases.record

LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: setup  ## compile the .in files into locked requirements
	$(LOCK) lambda_src/requirements.in -o lambda_src/requirements.txt
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) local/emulator-requirements.in -o local/emulator-requirements.txt

clean:  ## remove what was built (not the virtual environments)
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
