# Two commands: `make demo` shows it, `make test` checks it. Both do all the set-up on a fresh machine.
PYTHON ?= python3
LAB ?= 1
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check docs matrix bench soak lint samples screenshots notebooks clean browser types

demo: $(VENV)/.demo
	$(BIN)/qwen-asr-widgets transcribe sample:conversation
ifneq ($(LAB),0)
	$(BIN)/qwen-asr-widgets lab --notebook 01_quickstart.ipynb --dir notebooks
endif

# What records in a browser mostly waits for speech to be spoken: it runs beside everything else, and two cores
# have work for three.
test: $(VENV)/.test browser types
	$(BIN)/python -m pytest -n 3 --durations 10

# The inner loop: what needs neither a browser nor the embedded service and its recognisers.
check: $(VENV)/.test types
	$(BIN)/python -m pytest -n 2 --durations 10 -m "not browser and not service and not soak"

# Python 3.10 to 3.14, as far as they are here, with the lowest and the newest dependencies; takes an hour.
matrix: $(VENV)/.test
	$(PIP) uv
	$(BIN)/python .ci/matrix.py

# The documentation as a site, in build-docs/; a warning ends it, and nothing but pip needs the network.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html -c notebooks/docs notebooks build-docs/html
	@echo "Open build-docs/html/index.html"

lint: $(VENV)/.test types
	$(BIN)/python -m pytest tests/package/test_lint.py tests/widgets/test_javascript.py -q

bench: $(VENV)/.test browser
	$(BIN)/python tests/benchmarks/run.py

# With what searches for inputs by the code they reach; FUZZ_EXECUTIONS says how many it tries.
soak: $(VENV)/.test browser
	$(PIP) -e '.[soak]'
	$(PIP) --no-deps pipecat-ai
	$(BIN)/python -m pytest -m soak --override-ini timeout=3600

samples: $(VENV)/.test
	$(BIN)/python qwen_asr_widgets/audio/data/make_samples.py

screenshots: $(VENV)/.test browser
	$(BIN)/python tests/screenshots/make.py

# The course in both languages, from `notebooks/sources/`; RUN="03 04" also runs those and keeps what they show.
notebooks: $(VENV)/.test
	$(BIN)/python notebooks/sources/make.py $(if $(RUN),--run $(RUN))

# Debian's chromium, where no browser is there and root is at hand; without one the browser tests say so. Beside
# it its headless shell, which shows pages for half the processor time; the tests do without where it is missing.
INSTALL = [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && timeout 120 apt-get update -qq \
	&& DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y -qq --no-install-recommends
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| { $(INSTALL) chromium >/dev/null; } \
	|| echo "No chromium and no root to install it: the browser tests will be skipped."
	@command -v chromium-headless-shell >/dev/null || { $(INSTALL) chromium-headless-shell; } >/dev/null 2>&1 || true

# What checks the types of the front end and lints it; without npm its tests say so, and fail in CI.
NODE_TOOLS := typescript@5.9.3 @biomejs/biome@2.6.8
types:
	@test "$$(cat .make/node/installed 2>/dev/null)" = "$(NODE_TOOLS)" || ! command -v npm >/dev/null \
	|| { mkdir -p .make/node && npm install --silent --no-save --prefix .make/node $(NODE_TOOLS) \
	     && echo "$(NODE_TOOLS)" >.make/node/installed; }

# The recogniser that gets the words right is there for many machines, not for all: without it things go on.
MOONSHINE = $(PIP) --only-binary moonshine-voice -e '.[moonshine]' \
	|| echo "moonshine-voice has no wheel for this machine (see README): pocketsphinx recognises instead."

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) -e '.[media,lab,pocketsphinx]'
	@$(MOONSHINE)
	@touch $@

$(VENV)/.test: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) -e '.[test]'
	@$(MOONSHINE)
	@touch $@

$(VENV)/.docs: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) -e '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-* .make build build-docs notebooks/docs/reference dist *.egg-info .pytest_cache .mypy_cache .hypothesis .import_linter_cache
