# Everything a fresh machine with Python 3.11+, Node and make needs is set up here, once, by the targets themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export PYTHONPATH := $(CURDIR):$(CURDIR)/lambda_src
export PYTHONDONTWRITEBYTECODE := 1
SOURCES := app.py stacks lambda_src local tests

.PHONY: help setup browser run test bench check format soak mutants synth deploy lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | sort | column -t -s "$$(printf '\t')"

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

run: setup  ## replay an event log through the local stage and bill it (LOG=path SHARE=n HOURS=n KEEP=1)
	@exec $(PY) -m local.run

# all of them on several cores (tests/on_all_cores.py); a part begins sooner in one process
test: setup browser  ## all tests (T=tests/unit/ledger: a part)
	@exec $(PY) -m pytest $(or $(T),--numprocesses=auto --maxprocesses=4)

# --- and the others ---------------------------------------------------------------------------------------------------

bench: setup  ## measure, and write docs/benchmarks.md (B=imports: one figure)
	@PYTHONPATH=$(PYTHONPATH):$(CURDIR)/client exec $(PY) -m bench $(B)

check: setup  ## lint, formatting, types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: setup  ## format the code
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

soak: setup  ## the simulation of the protocol, long (STEPS=n SEED=n JOBS=n), or one episode again (SEED=n EPISODE=m)
	@exec $(PY) -m tests.simulation.soak $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(EPISODE),--episode $(EPISODE)) $(if $(JOBS),--jobs $(JOBS))

mutants: setup  ## every mutant of the protocol against the simulation, until it is found (STEPS=n ONLY=id,id JOBS=n)
	@exec $(PY) -m tests.simulation.hunt $(if $(STEPS),--steps $(STEPS)) $(if $(ONLY),--only $(ONLY)) $(if $(JOBS),--jobs $(JOBS))

synth: setup  ## write the templates of a stage to build/cdk.out-<stage> (STAGE=dev, PRODUCT_CODE=...)
	@test -n "$(STAGE)" || { echo "say which stage: make synth STAGE=dev" >&2; exit 2; }
	@rm -rf "build/cdk.out-$(STAGE).new"
	@$(PY) -m stacks.synth --stage "$(STAGE)" --out "build/cdk.out-$(STAGE).new" $${PRODUCT_CODE:+-c "productCode=$$PRODUCT_CODE"}
	@rm -rf "build/cdk.out-$(STAGE)" && mv "build/cdk.out-$(STAGE).new" "build/cdk.out-$(STAGE)"
	@echo "written to build/cdk.out-$(STAGE)"

# the CDK command line is pinned: npm's "latest" of aws-cdk is an old build published by mistake
deploy: setup  ## deploy a stage to AWS with the pinned CDK command line (STAGE=dev, PRODUCT_CODE=...)
	@test -n "$(STAGE)" || { echo "say which stage: make deploy STAGE=dev" >&2; exit 2; }
	npx --yes aws-cdk@2.1148.1 deploy --all -c stage=$(STAGE) $(if $(PRODUCT_CODE),-c productCode=$(PRODUCT_CODE))

LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: setup  ## compile the .in files into locked requirements
	$(LOCK) lambda_src/requirements.in -o lambda_src/requirements.txt
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) local/emulator-requirements.in -o local/emulator-requirements.txt

clean:  ## remove what was built (not the virtual environments)
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
