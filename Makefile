# Python 3.11 or newer, git and make are all that is needed.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONDONTWRITEBYTECODE :=  # hundreds of short processes start here: each would compile anew

# Tests of the rooms that changed since BASE, and of how rooms are built.
BASE ?= HEAD
CHANGED = $(shell { git diff --name-only $(BASE); git ls-files --others --exclude-standard; } | sed -nE \
  -e 's#^(pipeline|models)/([a-z]+)/.*#tests/unit/\1/\2#p' \
  -e 's#^(tests/unit/(pipeline|models)/[a-z]+)/.*#\1#p' | sort -u)
ROOMS = tests/unit/house/test_rooms.py $(wildcard $(CHANGED))

# All tests, in groups that take about as long: each imports what it needs, and once. The longest
# come first; the last holds what no other names. Types come before all: they take the other core
# while the longest group compiles what the next ones import.
GROUPS = tests-whole tests-pipeline tests-rest tests-models
NAMED = tests/unit/pipeline tests/unit/models tests/unit/gazescribe tests/faults tests/e2e
CORES = $(shell $(PYTHON) -c 'import os; print(os.cpu_count())')

.PHONY: setup demo docs check test tests $(GROUPS) faults month compiled bench lint style types format clean

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[all,dev,docs]'
	touch $@

demo: setup
	dvc repro
	@echo
	@echo "Look at results/: pictures, metrics and tables. data/heatmaps/ holds the shards."

docs: setup  ## a minute: the documentation site, its examples run, in build/site
	python docs/site/build.py

lint: style types

style: setup
	ruff check .
	ruff format --check .

types: setup
	mypy

check: lint  ## about a minute: lint, types, unit tests of changed rooms
	pytest -n auto -m "not slow" $(ROOMS)

test: style
	$(MAKE) --jobs=$(CORES) --keep-going $(TOGETHER) types $(GROUPS)

tests: setup
	$(MAKE) --jobs=$(CORES) --keep-going $(TOGETHER) $(GROUPS)

# What a group prints comes when it ends, in one piece, where make can do so.
TOGETHER = $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

tests-pipeline: setup
	pytest tests/unit/pipeline
tests-models: setup
	pytest tests/unit/models tests/unit/gazescribe
tests-whole: setup  # commands fork from it: before tests/e2e starts threads
	pytest tests/faults tests/e2e
tests-rest: setup
	pytest tests $(NAMED:%=--ignore=%)

# Damaged inputs, kills, full disks: as many as one likes, and a table.
N ?= 1000
SEED ?= 0

faults: setup
	python -m tests.faults --n $(N) --seed $(SEED)

month: setup  ## minutes: every model of both papers, tiny, under kills, edits and a full disk
	python -m tests.month

compiled: setup  ## a minute, with a C compiler: the compiled labeler answers as the plain one
	python -m tests.compiled

bench: setup  ## minutes: each part's speed beside a stated peer's, and what fell since it was noted
	python benchmarks/bench.py

format: setup
	ruff check --fix .
	ruff format .

clean:
	rm -rf .venv build data results
