# Python 3.11 or newer, git and make are all that is needed.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: setup demo test lint format clean

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev]'
	touch $@

demo: setup
	dvc repro
	@echo
	@echo "Look at results/: pictures, metrics and tables. data/heatmaps/ holds the shards."

lint: setup
	ruff check .
	ruff format --check .
	mypy

test: lint
	pytest -n auto --dist loadfile --no-loadscope-reorder  # in order: the longest come first

format: setup
	ruff check --fix .
	ruff format .

clean:
	rm -rf .venv data results
