# Two commands do everything on a fresh machine: make run, make test.
PYTHON ?= python3
# locked: exact versions with hashes; newest, oldest: what pyproject.toml allows, each in an environment of its own.
VERSIONS ?= locked
VENV := .venv$(if $(filter-out locked,$(VERSIONS)),-$(VERSIONS))
BIN := $(VENV)/bin
# The newest versions are looked up each time; the others change only with these files.
SINCE := pyproject.toml tools/environment.py $(wildcard requirements/*.txt) $(if $(filter newest,$(VERSIONS)),always)
# Each process takes one half of the tests in their order, so that modules' fixtures are made once, then of the other's rest.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist worksteal
# Tests start sdgen a thousand times: its bytecode is kept, even where the environment says that none be written.
export PYTHONDONTWRITEBYTECODE :=

# The core: draws, domains, links, counts, values, plans, and any split of them.
CORE := after choices conform counts domains draws links numbers references rollups times
QUICK := $(wildcard $(CORE:%=tests/generators/test_%.py) tests/generators/expressions/test_expressions.py) $(filter-out %/test_choose.py,$(wildcard tests/planning/test_*.py)) \
	tests/test_generate.py
# What another version of a library would change first: values, and what people see of them. Golden digests have every generator.
LEG := $(wildcard tests/conformance) tests/test_golden.py tests/test_generate.py tests/generators/expressions tests/cli/test_help.py tests/cli/test_generate.py

.PHONY: help run test quick leg clusters conformance same coverage mutants check docs install bench sense lock clean always
help:
	@echo "make run      install, fill out/shop.duckdb from examples/shop.yaml, show first rows"
	@echo "make test     install what the tests need, and run them all"
	@echo "make quick    the tests of the core, in half a minute"
	@echo "make leg      the tests that another version of a library would change first"
	@echo "make conformance values are the same with the oldest and the newest versions"
	@echo "make clusters runs and frames on Dask, Ray and Spark (Java), on this machine"
	@echo "make coverage the same tests, and which lines of src/ they run"
	@echo "make mutants  changes lines of the core one by one; tests must see each change (an hour and more)"
	@echo "make check    style, types, layers and documentation"
	@echo "make install  leave a working $(BIN)/sdgen"
	@echo "make docs     make docs/generators.md anew from the registry"
	@echo "make lock     renew requirements/ with the newest versions that pyproject.toml allows"
	@echo "make sense    how much of what bare schemas become fits, by vertical (docs/realism.md)"
	@echo "make bench    measure speed against peers (bench/RESULTS.md says what was measured)"
	@echo "All but lock and bench take VERSIONS=newest or VERSIONS=oldest too, and PYTHON=python3.12"

$(VENV)/installed: $(SINCE)
	$(PYTHON) tools/environment.py $(VENV) $(VERSIONS)
	@touch $@

$(VENV)/tested: $(SINCE)
	$(PYTHON) tools/environment.py $(VENV) $(VERSIONS) --extra test
	@touch $(VENV)/installed $(VENV)/ready $@

# With what `make leg` needs, and no more of what is large.
$(VENV)/ready: $(SINCE)
	$(PYTHON) tools/environment.py $(VENV) $(VERSIONS) --extra leg
	@touch $(VENV)/installed $@

install: $(VENV)/installed

run: install
	@mkdir -p out
	$(BIN)/sdgen generate examples/shop.yaml --to out/shop.duckdb --mode truncate_then_insert
	$(BIN)/sdgen preview examples/shop.yaml orders --rows 5

test: $(VENV)/tested
	$(PYTEST)

quick: $(VENV)/tested
	$(PYTEST) $(QUICK)

leg: $(VENV)/ready
	$(PYTEST) $(LEG)

# Real clusters and servers on this machine: Dask, Ray, moto for S3, Spark, which needs Java, and Debian's rabbitmq-server.
clusters: $(VENV)/tested
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[clusters]"
	$(BIN)/python -m pytest tests/spread tests/clusters tests/targets/test_remote.py tests/targets/test_brokers.py

conformance:
	$(MAKE) same VERSIONS=oldest
	$(MAKE) same VERSIONS=newest

same: $(VENV)/ready
	$(PYTEST) tests/conformance tests/test_golden.py

coverage: $(VENV)/tested
	$(PYTEST) --cov --cov-report=term:skip-covered $(LEG)

# Much of what survives are words of messages, of which tests look at a part.
mutants: $(VENV)/tested
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "mutmut>=3.8"
	$(BIN)/python -m mutmut run --max-children 2
	$(BIN)/python -m mutmut results

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

sense: $(VENV)/tested
	$(BIN)/python tools/sense

lock: .venv-lock/bin/uv
	.venv-lock/bin/python tools/lock.py

.venv-lock/bin/uv:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv

clean:
	rm -rf .venv .venv-newest .venv-oldest .venv-lock out
