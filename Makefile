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

.PHONY: help setup browser run test check format synth deploy lock clean

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
