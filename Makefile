# One task runner: people and CI call these. Needs make and Python 3.11 or newer; the rest installs itself.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The first of these that is new enough; `make PYTHON=/path/to/python3.12 …` chooses another.
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: help install run test test-slow check bench docs

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY)  ## make .venv with everything in it; every other target does so when it has to

run: $(READY)  ## train and audit the packaged Adult example, write its report
	$(BIN)/assay run

test: $(READY)  ## the tests, without the slow ones
	$(BIN)/pytest -m "not slow" -n 2 --dist loadfile

test-slow: $(READY)  ## the slow tests: simulations, kills during training, coverage of intervals
	$(BIN)/pytest -m slow

check: $(READY)  ## lint, format, types, and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/pytest -q tests/test_house.py

bench: $(READY)  ## every benchmark in turn; results go to benchmarks/results
	@failed=0; for file in $$(grep -l '__main__' benchmarks/*.py | grep -v '/record.py'); do \
		echo "== $$file"; $(BIN)/python $$file || failed=1; done; exit $$failed

docs: $(READY)  ## links and examples in the documentation work
	$(BIN)/pytest -q tests/test_docs.py

$(READY): pyproject.toml infra/constraints.txt
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11 or newer is needed and none was found." >&2; \
		echo "Install one (Debian: apt-get install python3 python3-venv; macOS: brew install python@3.12)," >&2; \
		echo "or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV); this takes a few minutes the first time."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --constraint infra/constraints.txt --editable '.[dev]'
	@touch $@
