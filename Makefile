# Every target sets up what it needs by itself, from the locks in requirements/, and does nothing the second time.
#
#   make demo            the whole line with throwaway agencies; stays up until Ctrl-C (ONCE=1 runs to its end, OUT=DIR keeps the evidence)
#   make test            lint, types and every test                     (PYTEST_ARGS="tests/model -x" for less)
#   make lint            ruff and mypy alone
#   make bench           what everything costs, beside its references   (QUICK=1, SCENARIO=door, JSON=FILE, WRITE=docs/benchmarks.md,
#                        BENCH_ARGS="--rows 10000000"; BENCH_ARGS=--list says what there is)
#   make crash           kill -9 at random moments, then reconcile      (CYCLES=20), and at every durable call of an integration (POINTS=160)
#   make month           a month of one province through the real line, in virtual time; the clerk's numbers   (PER_DAY=5000)
#   make fuzz            random damage to real packets                  (SECONDS=60)
#   make pictures        take the pictures of the two guides anew, in Chromium
#   make docs            write the reference pages and the example configuration anew
#   make lock            write requirements/*.txt anew from pyproject.toml      (LOCK_ARGS=--upgrade for newer releases)
#   make clean           remove what the targets made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
CYCLES ?= 20
POINTS ?= 160
SECONDS ?= 60
PER_DAY ?= 5000
QUICK ?=
SCENARIO ?=
JSON ?=
WRITE ?=
OUT ?=
ONCE ?=

.DELETE_ON_ERROR:
.PHONY: demo test lint bench crash month fuzz pictures docs lock packages provider clean

demo: $(VENV)/.checkout
	@$(BIN)/gateway demo $(if $(filter-out 0 no,$(ONCE)),--once) $(if $(OUT),--out "$(OUT)")

test: lint packages provider
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(PYTEST_ARGS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "formatting differs; run: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary

bench: $(VENV)/.dev packages
	@$(BIN)/python -m benchmarks $(if $(filter-out 0 no,$(QUICK)),--quick) $(addprefix --scenario ,$(SCENARIO)) \
		$(if $(JSON),--json "$(JSON)") $(if $(WRITE),--write "$(WRITE)") $(BENCH_ARGS)

crash: $(VENV)/.dev packages
	@$(BIN)/python -m tests.crash --cycles $(CYCLES)
	@$(BIN)/python -m tests.crash.test_integration $(POINTS)

month: $(VENV)/.dev
	@$(BIN)/python -m tests.month --per-day $(PER_DAY)

fuzz: $(VENV)/.dev
	@$(BIN)/python -m tests.fuzz.fuzz_edxml --seconds $(SECONDS)

# A person's whole day in the console, which the browser test plays; what it sees is kept with 256 colours.
pictures: $(VENV)/.dev packages
	@mkdir -p docs/pictures
	@GATEWAY_GUIDE_PICTURES="$(CURDIR)/docs/pictures" $(BIN)/python -m pytest -q tests/browser/test_whole_day.py

# What the tests ask of the machine: a PostgreSQL server and the programs that check our signatures and proofs.
packages:
	@.ci/packages

# The OpenID Connect provider that the tests sign in at, from its lock; without npm those tests are skipped, saying so.
provider: packages | $(BIN)/python
	@! command -v npm >/dev/null 2>&1 || $(MAKE) --silent --no-print-directory $(VENV)/provider/.installed

$(VENV)/provider/.installed: tests/provider/package-lock.json
	@mkdir -p $(VENV)/provider
	@cp tests/provider/package.json tests/provider/package-lock.json $(VENV)/provider/
	@cd $(VENV)/provider && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# The pages and the example that the code writes itself.
docs: $(VENV)/.checkout
	@mkdir -p docs/reference config
	@$(BIN)/gateway --lang vi config describe > .written && mv .written config/gateway.example.toml
	@$(BIN)/gateway --lang en config describe --markdown > .written && mv .written docs/reference/configuration.md
	@$(BIN)/gateway --lang en reasons --markdown > .written && mv .written docs/reference/reasons.md
	@$(BIN)/gateway --lang en help --markdown > .written && mv .written docs/reference/cli.md

# The locks: what serves, what installs a checkout in place, what develops; and what it is measured beside.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	pyproject.toml $(LOCK_ARGS)
lock: $(VENV)/.dev
	@$(LOCK) -o requirements/run.txt
	@$(LOCK) --extra checkout -o requirements/checkout.txt
	@$(LOCK) --extra checkout --extra dev -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements/peer.in $(LOCK_ARGS) -o requirements/peer.txt

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "setting up $(VENV) from the locked requirements (once)" >&2
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/.checkout: requirements/checkout.txt pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes --requirement requirements/checkout.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.checkout | $(BIN)/python
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
