# Two commands: `make run` opens the gallery, `make test` runs everything CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check install install-dev browser clean

run: install
	$(BIN)/python app.py

test: install-dev browser
	$(BIN)/python -m scripts.test

check: install-dev
	$(BIN)/python -m scripts.test --only check

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 10) and f"Python 3.10 or newer is needed, this is {v}")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	@touch $@ $(VENV)/.installed

# A Chromium for the browser tests: the system's, else Debian's package as root, else Playwright's own.
browser: install-dev
	$(BIN)/python -m scripts.browser

clean:
	rm -rf $(VENV) runs
