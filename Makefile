# Two commands do everything on a fresh machine: make run, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run test check docs install bench clean
help:
	@echo "make run      install, fill out/shop.duckdb from examples/shop.yaml, show first rows"
	@echo "make test     install what the tests need, and run them all"
	@echo "make install  leave a working $(BIN)/sdgen"
	@echo "make check    style, types, layers and documentation"
	@echo "make docs     make docs/generators.md anew from the registry"
	@echo "make bench    measure speed against peers (bench/RESULTS.md says what was measured)"

$(VENV)/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/tested: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

install: $(VENV)/installed

run: install
	@mkdir -p out
	$(BIN)/sdgen generate examples/shop.yaml --to out/shop.duckdb --mode truncate_then_insert
	$(BIN)/sdgen preview examples/shop.yaml orders --rows 5

test: $(VENV)/tested
	$(BIN)/python -m pytest --numprocesses 2

check: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/check_docs.py

docs: install
	$(BIN)/python -m sdgen.cli.catalogue > docs/generators.md

bench: $(VENV)/tested
	bench/run

clean:
	rm -rf $(VENV) out
