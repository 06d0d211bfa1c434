# make run: everything on this machine.  make test: what CI runs.  make bench: figures.
# make messages: the texts for people, collected, and their translations compiled.
# make settings: the page of the documents about a project's settings.
# make schema: the API's schema, written to docs/openapi.yaml.
# make screens: pictures of every screen for the docs.
# make soak: faults, replays of crowds and orders of calls that make test has no time for.
# make history: 100,000 operations under 200 faults, judged.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test soak bench history messages schema settings screens
run: $(VENV)/.installed
	@exec $(BIN)/assay up

test: $(VENV)/.installed-dev
	@tools/check.sh

soak: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -m soak

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m bench $(ONLY)

messages: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.messages

settings: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.settings_page

schema: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.schema

screens: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.screens

history: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.history $(PLAY)

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "Assay needs Python 3.11 or newer: $(PYTHON) was not found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Assay needs Python 3.11 or newer: try make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/pip requirements.lock pyproject.toml
	@echo "Installing Assay into $(VENV) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@
