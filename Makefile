# make run      everything OurVidz needs, on this machine, until Ctrl-C
# make test     lint, types and all tests, browser tests included
# make lint · make format · make bench
# make words    collect the strings of today into locale/, and compile what is translated

# The first that is new enough; `make run PYTHON=…` names another.
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(firstword $(foreach each,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(each) $(NEW_ENOUGH) 2>/dev/null && echo $(each))) python3)
VENV := .venv
BIN := $(VENV)/bin
# Each process runs whole files: what a file's tests share, they find in one process.
TEST_PROCESSES ?= 2
PATHS := $(wildcard accounts jobs library ourvidz workers workspace tests benchmarks manage.py)
BROKEN_DOWNLOAD = echo "The download or installation failed; the lines above say why. If it was the network, run the same command again; if the disk is full, free some space first (about 3 GB are needed)." >&2

.DEFAULT_GOAL := run
.PHONY: run test lint format bench words chromium rabbitmq

run: $(VENV)/installed-run
	@$(BIN)/python -u manage.py up

test: lint chromium rabbitmq
	@env -u DJANGO_SETTINGS_MODULE $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile -q

lint: $(VENV)/installed-dev
	@$(BIN)/ruff format --check $(PATHS)
	@$(BIN)/ruff check $(PATHS)
	@$(BIN)/djhtml --check templates
	@$(BIN)/mypy $(PATHS)
	@$(BIN)/python -W ignore manage.py makemigrations --check --dry-run

format: $(VENV)/installed-dev
	@$(BIN)/ruff check --fix-only $(PATHS)
	@$(BIN)/ruff format $(PATHS)
	@$(BIN)/djhtml templates

bench: $(VENV)/installed-dev chromium
	@$(BIN)/python -m benchmarks.run

words: $(VENV)/installed-dev
	@$(BIN)/python manage.py catalogue

# Each is made again when its list of requirements changes; the file's date is the memory.
$(VENV)/installed-run: requirements.txt requirements-server.txt requirements-gpu.txt requirements-nodeps.txt constraints.txt | $(VENV)/made
	@echo "Installing what OurVidz needs. The first time this takes a few minutes."
	@$(BIN)/python -m pip install -r requirements.txt || { $(BROKEN_DOWNLOAD); exit 1; }
	@$(BIN)/python -m pip install --no-deps -r requirements-nodeps.txt || { $(BROKEN_DOWNLOAD); exit 1; }
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements.txt requirements-server.txt requirements-gpu.txt requirements-nodeps.txt constraints.txt | $(VENV)/made
	@echo "Installing what OurVidz and its tests need. The first time this takes a few minutes."
	@$(BIN)/python -m pip install -r requirements-dev.txt || { $(BROKEN_DOWNLOAD); exit 1; }
	@$(BIN)/python -m pip install --no-deps -r requirements-nodeps.txt || { $(BROKEN_DOWNLOAD); exit 1; }
	@touch $@

$(VENV)/made:
	@$(PYTHON) $(NEW_ENOUGH) 2>/dev/null || { \
		echo "OurVidz needs Python 3.11 or newer; $(PYTHON) is older or missing. Install one, then run: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "The virtual environment could not be made. On Debian and Ubuntu, install python3-venv; if the disk is full, free some space." >&2; exit 1; }
	@touch $@

# Debian's package where we may install it, else Playwright's own build.
chromium: $(VENV)/installed-dev
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
		|| command -v google-chrome >/dev/null || ls $(VENV)/chromium >/dev/null 2>&1 || { \
		echo "Getting Chromium for the browser tests."; \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium; } \
		|| { $(BIN)/playwright install chromium && touch $(VENV)/chromium; } \
		|| { echo "Chromium could not be installed. Install it with your package manager, then run make test again." >&2; exit 1; }; }

# Debian's package where we may install it, without starting its service; elsewhere what needs it is skipped.
rabbitmq:
	@command -v rabbitmq-server >/dev/null || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Getting RabbitMQ for its tests." && apt-get update -q \
			&& RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends rabbitmq-server; } \
		|| echo "RabbitMQ could not be installed here: the tests that need it are skipped. Install the package rabbitmq-server to run them." >&2
