# make dashboard | make run | make test | make benchmark: each does all of its own set-up, in .venv.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
# Every version is the one of constraints.txt, so that a release elsewhere breaks no clone; also what builds the package.
INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
CHECK := import sys; v = sys.version_info[:2]; sys.exit(None if v >= (3, 11) else "trafficking needs Python 3.11 or \
	newer; %s is %d.%d. Name another one: make PYTHON=python3.12" % ((sys.executable,) + v))

.DEFAULT_GOAL := help
.PHONY: help dashboard run test test-all benchmark pictures lint venv browser clean

help:
	@echo "make dashboard   open the dashboard in the browser"
	@echo "make run         run the default scenario without a browser"
	@echo "make test        check style and types, run the tests (make test-all: the slow ones too)"
	@echo "make benchmark   measure speed and memory beside other simulators, 5 to 8 minutes (ARGS=--write: BENCHMARKS.md)"
	@echo "make pictures    make the pictures of the README anew, from the page itself"
	@echo "make clean       remove .venv and everything else that was made here"

dashboard: $(BIN)/.ready
	@trap : INT; $(BIN)/trafficking dashboard $(ARGS) || [ $$? = 130 ] # Ctrl-C is how it ends

run: $(BIN)/.ready
	@$(BIN)/trafficking run $(ARGS)

# pytest comes last, so that its verdict is the last line.
test: browser lint
	@$(PYTEST) -m "not slow" $(ARGS)

test-all: browser lint
	@$(PYTEST) $(ARGS)

benchmark: $(BIN)/.ready-for-benchmark
	@$(BIN)/python tests/benchmark.py $(ARGS)

pictures: browser $(BIN)/.ready-for-tests
	@$(BIN)/python tests/pictures.py

lint: $(BIN)/.ready-for-tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

venv: $(BIN)/.ready

$(BIN)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c '$(CHECK)'
	@echo "Setting up .venv: a minute or two, once."
	@$(PYTHON) -m venv .venv || { echo "No virtual environment could be made; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(INSTALL) hatchling
	@$(INSTALL) --no-build-isolation -e .
	@$(BIN)/trafficking doctor --warm-up >.venv/doctor.txt || { grep -v '^ok' .venv/doctor.txt; \
	  echo "Something is not as it should be, see above; going on." >&2; }
	@touch $@

$(BIN)/.ready-for-tests: $(BIN)/.ready
	@$(INSTALL) --no-build-isolation -e ".[test]"
	@touch $@

$(BIN)/.ready-for-benchmark: $(BIN)/.ready
	@$(INSTALL) --no-build-isolation -e ".[benchmark,test]"
	@touch $@

browser:
	@for name in chromium chromium-browser google-chrome google-chrome-stable \
	    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do \
	  if command -v "$$name" >/dev/null; then exit 0; fi; \
	done; \
	missing="No browser for the tests: install the package chromium (or Google Chrome), then run make test again."; \
	if ! command -v apt-get >/dev/null; then echo "$$missing" >&2; exit 1; fi; \
	if [ "$$(id -u)" = 0 ]; then root=; elif sudo -n true 2>/dev/null; then root="sudo -n"; \
	else echo "$$missing" >&2; exit 1; fi; \
	echo "Installing chromium for the tests."; \
	{ $$root apt-get -qq update; \
	  $$root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-liberation \
	  </dev/null >/dev/null; } || { echo "$$missing" >&2; exit 1; }

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis test-artefacts
	find trafficking tests -name __pycache__ -type d -prune -exec rm -rf {} +
