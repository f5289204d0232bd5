# Everything a fresh machine with Python >= 3.11 needs: `make demo` and `make test` set up what they use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check crash bench evaluate docs clean

help:  ## List what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,postgresql,scratch]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,kubernetes,postgresql,scratch,mysql,sqlite,apprise,mcp,slack,server,dev]'
	@touch $@ $(VENV)/.demo

# A real Matrix homeserver for the tests, in an environment of its own: its pins are not ours.
$(VENV)/synapse/.installed: | $(BIN)/python
	$(BIN)/python -m venv $(VENV)/synapse
	$(VENV)/synapse/bin/python -m pip install --quiet --disable-pip-version-check 'matrix-synapse>=1.150,<2'
	@touch $@

demo: $(VENV)/.demo  ## Roll a bad release back on this machine, for real, under load
	$(BIN)/smartspec demo $(ARGS)

check: $(VENV)/.dev  ## Lint, types, and who may import whom
	$(BIN)/ruff format --check src tests bench docs evaluation
	$(BIN)/ruff check src tests bench docs evaluation
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(VENV)/.dev $(VENV)/synapse/.installed  ## Run every test, with real parts
	@sh tests/parts.sh
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

crash: $(VENV)/.dev  ## Kill a rollback at 200 random moments and see it end right each time
	$(BIN)/python tests/crash/random_kills.py $(ARGS)

bench: $(VENV)/.dev  ## Measure speed as ratios within one run; results go to bench-results/
	$(BIN)/python bench/run.py $(ARGS)

evaluate: $(VENV)/.dev  ## Judge every reversal and mutation; with HISTORIES=dir also real histories lying there
	$(BIN)/python evaluation/run.py $(if $(HISTORIES),--histories "$(HISTORIES)") $(ARGS)

docs: $(VENV)/.dev  ## Write the reference pages anew from the code
	$(BIN)/python docs/generate.py

clean:  ## Remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench-results
