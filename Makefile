# `make demo` runs the whole workflow on the sample corpus, `make test` every check.
# Both make the .venv they need. Another interpreter: make PYTHON=/path/to/python3.12 test

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
EXTRAS := adapt,bioc,crossval,dev,encoder-small,scispacy,vectors
WORKERS ?= 2

# python3 first: it is the interpreter whose packages, such as a local build of torch, the machine is set up for.
PYTHONS := $(or $(PYTHON),python3 python3.12 python3.11 python3.10)
SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))

# One thread a worker, since the workers share the cores; no test may ask a model hub.
TEST_ENV := OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1

# A .venv of another Python than the one that is asked for would be used without a word.
VERSION := -c 'import sys; print("%d.%d" % sys.version_info[:2])'
ifneq ($(and $(PYTHON),$(filter install demo test lint types pytest,$(MAKECMDGOALS))),)
ifeq ($(filter distclean,$(MAKECMDGOALS)),)
ASKED := $(shell $(PYTHON) $(VERSION) 2>/dev/null)
MADE := $(shell $(PY) $(VERSION) 2>/dev/null)
ifeq ($(ASKED),)
$(error There is no Python at $(PYTHON))
endif
ifneq ($(MADE),$(and $(MADE),$(ASKED)))
$(error $(VENV) was made with another Python than $(PYTHON): make distclean first)
endif
endif
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types pytest clean distclean

help:
	@echo "make install    make .venv, which demo and test do as well"
	@echo "make demo       train, evaluate, package and install a pipeline on the sample corpus"
	@echo "make test       lint, type-check and run the tests"
	@echo "make clean      remove what these two made; corpora and pipelines of your own stay"
	@echo "make distclean  remove the .venv and the encoder in assets/encoder as well"

install: $(STAMP)

# A working .venv is kept: pip leaves in place what already fits, and needs no network then.
$(STAMP): pyproject.toml constraints.txt
	@found=; if $(PY) -c '$(SUPPORTED)' 2>/dev/null && $(PY) -m pip --version >/dev/null 2>&1; then exit 0; fi; \
	for python in $(PYTHONS); do \
	    "$$python" -c '$(SUPPORTED)' 2>/dev/null || continue; \
	    found="$$found $$python"; \
	    "$$python" -c 'import venv, ensurepip' 2>/dev/null || continue; \
	    echo "Making $(VENV) with $$python ($$("$$python" --version))"; \
	    exec "$$python" -m venv --clear $(VENV); \
	done; \
	if [ -n "$$found" ]; then \
	    echo "No environment can be made:$$found lacks venv or ensurepip. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
	else \
	    echo "No Python from 3.10 to 3.12 among: $(PYTHONS). Install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
	fi; \
	exit 1
	@echo "Installing into $(VENV); the first time this takes some minutes"
	$(PY) -m pip install -qq 'setuptools>=77' -c constraints.txt
	$(PY) -m pip install -qq --no-build-isolation -e '.[$(EXTRAS)]' -c constraints.txt
	@touch $(STAMP)

demo: $(STAMP)
	$(PY) -m spacy project run all

test: lint types pytest

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(STAMP)
	$(PY) -m mypy

# Tests of one xdist group share an expensive fixture, so they stay on one worker.
pytest: $(STAMP)
	$(TEST_ENV) $(PY) -m pytest -n $(WORKERS) --dist loadgroup

clean:
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf corpus/sample training/sample metrics/sample.json packages/en_biore_sample-* packages/environment
	find . -name $(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) assets/encoder project.lock
