# `make demo` and `make test` are all a newcomer needs; both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# MKL and OpenMP threads that outnumber the test processes only fight each other.
WORKERS ?= 2

.PHONY: setup demo test test-all bench lint format clean

setup: $(READY)

$(READY): pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[tuning,dev]'
	touch $(READY)

demo: $(READY)
	$(BIN)/winnow demo

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-all: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m ''

bench: $(READY)
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.extraction

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info
