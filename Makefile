# make up     a whole network on this machine, in this terminal; Ctrl-C ends it
# make test   all checks and tests; sets itself up
# make check  format, lint, types, layers
# make bench  the measurements in benchmarks/, all or some: make bench MEASURES="throughput latency"

PYTHON ?= $(shell command -v python3.11 || command -v python3)
JOBS ?= 2
BIN := .venv/bin
RUN := .venv/installed
DEV := .venv/installed-dev
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: up test check fuzz bench install clean

up: $(RUN)
	@exec $(BIN)/rumor up --with-parent

# The machines and the wire by their own tests, every branch; then all else, without the price of counting branches.
test: check fuzz
	$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term --cov-fail-under=100 tests/core tests/wire
	$(BIN)/python -m pytest -n $(JOBS) --ignore tests/core --ignore tests/wire

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -p no:cacheprovider tests/test_layers.py

fuzz: $(DEV)
	$(BIN)/python -m fuzz.fuzz_text --seconds 5
	$(BIN)/python -m fuzz.fuzz_frames --seconds 5
	$(BIN)/python -m fuzz.fuzz_cores --seconds 5

bench: $(DEV)
	@for yardstick in pyzmq eclipse-zenoh kinship; do \
	  $(PIP) install $$yardstick || echo "$$yardstick can't be installed: what is measured beside it is left out" >&2; \
	done
	$(BIN)/python -m benchmarks $(MEASURES)

install: $(RUN)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Rumor needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(RUN): $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(DEV): $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(RUN)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage dist build
