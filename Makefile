# Rasid's commands. Each one installs what it needs into a virtual environment of its own:
# .venv-serve has what serving needs, .venv everything (training, tests, checks).

HOST ?=
PORT ?=
MODEL ?=
ENCODER ?= compact
# Trying it out on the written articles must not change what is served.
OUT ?= $(if $(DATA),models,models/trial)

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP_QUIET := --quiet --disable-pip-version-check
SERVE := .venv-serve/bin/python
DEV := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help serve test test-slow check format train check-data compare rollback lock clean python

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

serve: .venv-serve/installed ## start the service (HOST, PORT, MODEL)
	@exec $(SERVE) -m serving $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT)) \
		$(if $(MODEL),--model $(MODEL))

test: .venv/installed ## run the fast tests
	@$(DEV)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-slow: .venv/installed ## run the tests that take minutes or need a package registry
	@$(DEV)/python -m pytest -m "slow or network"

check: .venv/installed ## ruff, mypy --strict, import-linter, hadolint
	@$(DEV)/ruff check .
	@$(DEV)/ruff format --check .
	@$(DEV)/mypy
	@$(DEV)/lint-imports
	@$(DEV)/hadolint Dockerfile

format: .venv/installed ## format the code
	@$(DEV)/ruff format .
	@$(DEV)/ruff check --fix .

train: .venv/installed ## retrain on DATA into OUT (ENCODER), or try it on data/articles.jsonl
	@$(DEV)/python training/train.py $(or $(DATA),data/articles.jsonl) \
		--encoder $(ENCODER) --out $(OUT) $(OPTIONS)

check-data: .venv/installed ## report on labelled articles: DATA, or data/articles.jsonl
	@$(DEV)/python training/check.py $(or $(DATA),data/articles.jsonl) $(OPTIONS)

compare: .venv/installed ## measure version A, or A against B, on ARTICLES (data/gate.jsonl)
	@$(DEV)/python training/compare.py $(or $(A),models/current) $(B) \
		$(if $(ARTICLES),--articles $(ARTICLES)) $(OPTIONS)

rollback: .venv/installed ## serve again what was served before (MODELS, TO=version)
	@$(DEV)/python training/rollback.py $(or $(MODELS),models) $(if $(TO),--to $(TO))

# torch comes with or without CUDA, as the machine's package index has it; its CUDA
# packages are therefore no part of the lock.
lock: .venv/installed ## renew the pinned versions in requirements/
	@$(DEV)/uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url -q \
		-o requirements/serving.txt
	@$(DEV)/uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 --extra dev \
		--no-header --no-annotate --no-emit-index-url -q -o requirements/dev.txt
	@sed -i -E '/^(nvidia-|triton==|cuda-|rasid)/d' requirements/dev.txt

clean: ## remove the virtual environments and caches
	rm -rf .venv .venv-serve .mypy_cache .pytest_cache .ruff_cache .hypothesis

python:
	@test -n "$(PYTHON)" || { echo "Rasid needs Python 3.11 or later; set PYTHON=" >&2; exit 1; }

.venv-serve/installed: requirements/serving.txt | python
	@echo "installing what serving needs into .venv-serve" >&2
	@$(PYTHON) -m venv .venv-serve
	@$(SERVE) -m pip install $(PIP_QUIET) --require-hashes -r $<
	@touch $@

.venv/installed: requirements/dev.txt | python
	@echo "installing what training and tests need into .venv" >&2
	@$(PYTHON) -m venv .venv
	@$(DEV)/python -m pip install $(PIP_QUIET) -r $<
	@touch $@
