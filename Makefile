.DEFAULT_GOAL := help
BIN := .venv/bin

.PHONY: help setup setup-test signoff test lint format bench hostile bench-decisions bench-drill docs lock clean

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## make .venv from the lock file
	@scripts/setup.sh requirements.lock

setup-test: ## the same, with what only the tests need
	@scripts/system-packages.sh redis-server:redis-server sshd:openssh-server ssh-keygen:openssh-client node:nodejs npm:npm prometheus:prometheus chromium:chromium java:default-jre-headless
	@scripts/setup.sh requirements-test.lock
	@scripts/setup-spark.sh
	@scripts/setup-clients.sh

signoff: setup ## run the whole checklist against the reference proxy and write the sign-off report
	@PYTHONPYCACHEPREFIX=$(CURDIR)/.signoff/pycache $(BIN)/signoff run --reference

lint: setup-test ## formatter, linter and type checker
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --num-workers auto

test: lint ## lint, and the whole test suite with coverage
	@scripts/test.sh

format: setup-test ## let the formatter and the linter mend what they can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup-test ## ratios, measured in one run
	-@scripts/system-packages.sh wrk:wrk lnav:lnav bc:bc
	@$(BIN)/python -m tests.benchmarks

hostile: setup-test ## every view of runs that hold 10,000 hostile texts; takes some ten minutes
	@HOSTILE_INPUTS=10000 nice $(BIN)/python -m pytest -q tests/reports/test_hostile.py -p no:cacheprovider

bench-decisions: setup-test ## rollback decisions against three peers, on simulated services
	@nice $(BIN)/python -m tests.benchmarks.decisions --chart docs/rollback-trade-off.svg

bench-drill: setup-test ## a hundred healthy runs of the drill, each with other traffic: no check may alarm
	@$(BIN)/python -m tests.benchmarks.drill

lock: setup-test ## renew the lock files from pyproject.toml (needs uv on PATH)
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q pyproject.toml --group checklist -o requirements.lock
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q pyproject.toml --group test -o requirements-test.lock
	@echo 'pyspark>=4' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q - -o requirements-spark.lock

docs: setup-test ## the documentation's site, in .signoff/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean: ## remove what the other targets made, runs excepted
	@rm -rf .venv .signoff .mypy_cache .ruff_cache .pytest_cache .hypothesis dist .coverage coverage.xml
