# The one door for people and for CI. Everything happens in .venv; scripts/setup keeps it in step with the lock files.
# Other people's clients have .venv-clients, .venv-clients-pinned and tests/clients/npm/node_modules.

PYTHON ?= python3
export PYTHON
unexport PYTHONDONTWRITEBYTECODE   # some images set it; without compiled files every run compiles the whole suite, once per core

BIN := .venv/bin
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.PHONY: help setup check test test-clients demo bench docs-check golden lock clean ruff types layers structure

help: ## this list
	@echo "make TARGET, where TARGET is one of:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' Makefile

setup: ## .venv with taskfit and every tool, from the lock file (PYTHON=python3.12 picks the interpreter)
	@scripts/setup dev

check: setup ## ruff, mypy, import rules, structure, documents; no test of behaviour (budget: 60 s on two cores)
	@$(MAKE) --no-print-directory --jobs=2 $(SYNC) types ruff layers structure docs-check
	@echo "check: passed"

test: setup ## the whole test suite in random order, on all cores (budget: 120 s on two; ARGS='-k walk' is passed on)
	@$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal $(ARGS)

test-clients: setup ## the SDKs, agents and a model server that other people wrote, against the gateway (budget: 120 s; needs npm)
	@scripts/setup clients
	@scripts/setup npm
	@$(BIN)/python -m pytest tests/clients $(ARGS)

demo: ## the gateway with scripted models (ONCE=1: stop after the run; DATA=FILE: replay recorded questions)
	@scripts/setup demo
	@$(BIN)/taskfit demo $(if $(ONCE),--once) $(if $(DATA),--data '$(DATA)')

bench: setup ## CPU, latency and memory against nginx, written to docs/benchmarks.md
	@$(BIN)/python bench/run.py $(ARGS)

docs-check: setup ## every code block runs, every key, error, header and command stands in the reference
	@$(BIN)/python -m pytest tests/docs

golden: setup ## write the generated reference pages and the golden transcripts again; look at the diff
	@$(BIN)/python -m scripts.reference
	@$(BIN)/python -m scripts.matrix
	@$(BIN)/python -m scripts.transcripts

lock: ## resolve the dependencies again and write requirements/*.txt with hashes (needs uv and npm)
	@for tool in uv npm; do command -v $$tool >/dev/null || { echo "make lock needs $$tool, and it is not on the PATH"; exit 2; }; done
	@scripts/lock

clean: ## remove the environments, caches and build output
	@rm -rf .venv .venv-clients .venv-clients-pinned tests/clients/npm/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	@find src tests scripts bench -name __pycache__ -type d -prune -exec rm -rf {} +

ruff: setup
	@$(BIN)/ruff check --quiet && echo "ruff: passed"

types: setup
	@$(BIN)/mypy --no-error-summary && echo "mypy: passed"

layers: setup
	@out=$$($(BIN)/lint-imports 2>&1) && echo "import-linter: passed" || { echo "$$out"; exit 1; }

structure: setup
	@$(BIN)/python -m pytest tests/structure
