# Headframe: everyday commands. Each sets up .venv by itself and is quick when it is there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev

unexport PYTHONDONTWRITEBYTECODE  # the tests start the bot often: its modules are compiled once

.PHONY: run test check audit sbom bench soak fuzz clean setup dev locales lock

run: $(RUN_STAMP)  ## start Headframe (a preview in the browser when there is no DISCORD_TOKEN)
	$(BIN)/headframe run

test: $(DEV_STAMP)  ## run the tests (rings 1-5)
	$(BIN)/python -m pytest -q -n 4 --dist loadgroup -m "not soak"

check: $(DEV_STAMP)  ## formatting, lint, strict types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(DEV_STAMP)  ## known weaknesses of the locked packages (where PyPI cannot be reached it says so; see --strict)
	$(BIN)/python scripts/audit.py

sbom: $(RUN_STAMP)  ## the bill of materials as CycloneDX JSON
	$(BIN)/python scripts/sbom.py > sbom.json

bench: $(RUN_STAMP)  ## every benchmark against its naive baseline
	$(BIN)/headframe bench

soak: $(DEV_STAMP)  ## the long runs: faults, kill -9, random trees
	$(BIN)/python -m pytest -q -m soak --timeout 9000

FUZZ := .fuzz
FUZZ_SECONDS := 300
fuzz: $(RUN_STAMP)  ## fuzz the feed parser, then the fetcher, FUZZ_SECONDS each; findings are kept in .fuzz/
	test -x $(FUZZ)/venv/bin/python || $(PYTHON) -m venv $(FUZZ)/venv
	$(FUZZ)/venv/bin/python -m pip install --quiet --disable-pip-version-check atheris==3.0.0
	for target in parse fetch; do mkdir -p $(FUZZ)/$$target; \
	  PYTHONPATH="$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')" \
	  $(FUZZ)/venv/bin/python scripts/fuzz_feeds.py $$target $(FUZZ)/$$target -max_total_time=$(FUZZ_SECONDS) \
	  -max_len=4096 -timeout=20 -artifact_prefix=$(FUZZ)/found- || exit 1; done

setup: $(RUN_STAMP)
dev: $(DEV_STAMP)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headframe needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV): this happens once and takes a minute or two …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	@echo "Adding what the tests need …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

lock: $(DEV_STAMP)  ## resolve the dependencies anew into the two lock files (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements-dev.lock

locales: $(DEV_STAMP)  ## collect texts for translation and compile the catalogues
	$(BIN)/python scripts/locales.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info artefacts
