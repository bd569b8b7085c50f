# `make help` lists what can be done. Needed: Python 3.11 to 3.14, make, and a shell.

PYTHON ?= python3
ARGS ?=
ENVIRONMENT = $(PYTHON) scripts/environment.py
CORE_TESTS = tests/client tests/sync tests/job tests/sandbox tests/contract tests/simulation
AIRFLOW_3 = .venv/.complete
AIRFLOW_2 = .venv-airflow-2.11/.complete
LOWEST = .venv-lowest/.complete
CORE = .venv-core/.complete
BENCH = .venv-bench/.complete
CELERY = .venv-celery/.complete
DATABASES = .venv-databases/.complete
DOCS = .venv-docs/.complete

.DEFAULT_GOAL := help
.PHONY: help demo up down docs test lint types test-all test-core test-contract test-live test-airflow test-airflow-3.3 test-airflow-2.11 test-lowest test-smoke test-matrix format environments constraints wheel audit test-celery test-databases bench bench-quick chaos simulate simulate-long simulate-all mutants clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

demo: $(AIRFLOW_3) ## sync 5,000 customers through Airflow into a local HubSpot
	@.venv/bin/python -m demo

up: $(AIRFLOW_3) ## Airflow with the example DAGs beside a local HubSpot, in a browser (PORT=8080 HUBSPOT_PORT=8042)
	@.venv/bin/python -m demo.up start

down: ## end what `make up` started
	@if [ -e .venv/bin/python ]; then .venv/bin/python -m demo.up stop; fi

test: $(AIRFLOW_3) ## everything below that checks, as CI does
	@.venv/bin/python scripts/check.py lint types audit docs test-airflow-3.3 test-core test-lowest test-airflow-2.11 test-databases test-celery test-smoke

docs: $(DOCS) ## build the documentation into build/docs; a warning is an error
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build --strict

lint: $(AIRFLOW_3) ## style, formatting, and who may import whom
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports

types: $(AIRFLOW_3) ## mypy --strict
	.venv/bin/mypy

test-all: $(AIRFLOW_3) ## all tests, on Airflow 3.3 (ARGS="-k stage" for some)
	.venv/bin/python -m pytest $(ARGS)

test-core: $(CORE) ## the tests that need no Airflow, without it
	.venv-core/bin/python -m pytest $(CORE_TESTS) tests/cases $(ARGS)

test-contract: $(CORE) ## the sandbox's answers: open questions, stand-ins for HubSpot, recordings of it
	.venv-core/bin/python -m pytest tests/contract $(ARGS)

test-live: $(CORE) ## the same scenarios against a developer test account (HUBSPOT_TEST_TOKEN=...; ARGS=--record)
	@.venv-core/bin/python -m tests.contract $(ARGS)

test-airflow: test-airflow-3.3 test-airflow-2.11 ## the tests of the Airflow parts, on 2.11 and 3.3

test-airflow-3.3: $(AIRFLOW_3) ## all tests that test-core leaves out, and the cases that need Airflow
	CASES=airflow .venv/bin/python -m pytest $(CORE_TESTS:%=--ignore=%) $(ARGS)

test-airflow-2.11: $(AIRFLOW_2) ## the tests of the operators, and the cases that need Airflow, on 2.11
	@if [ -e $(AIRFLOW_2) ]; then \
		CASES=airflow .venv-airflow-2.11/bin/python -m pytest -W ignore::DeprecationWarning tests/airflow tests/cases $(ARGS); \
	else \
		echo "NOT TESTED on Airflow 2.11: that needs Python 3.11 or 3.12, and none is on the path"; \
	fi

test-lowest: $(LOWEST) ## the same and the client, on Airflow 2.11.0 with the oldest versions that we take
	@if [ -e $(LOWEST) ]; then \
		.venv-lowest/bin/python -m pytest -W ignore::DeprecationWarning \
			tests/airflow tests/cases tests/client tests/sync/test_json_schema.py tests/sync/test_schema_problems.py $(ARGS); \
	else \
		echo "NOT TESTED with the oldest versions: that needs Python 3.11 or 3.12, and none is on the path"; \
	fi

test-smoke: $(AIRFLOW_3) ## the wheel on Airflow 3.0 and 3.2, with the packages of their days
	@.venv/bin/python -m scripts.matrix --only smoke --one-python 3.0 3.2 $(ARGS)

test-matrix: $(AIRFLOW_3) ## all releases of Airflow on all Pythons that are there; the table of compatibility
	@.venv/bin/python -m scripts.matrix --keep $(ARGS)

format: $(AIRFLOW_3) ## format the code, and mend what ruff can mend
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

environments: $(AIRFLOW_3) $(AIRFLOW_2) $(LOWEST) $(CORE) ## make or update the four environments

constraints: $(AIRFLOW_3) ## pin the newest versions
	.venv/bin/python -m scripts.constraints

wheel: $(AIRFLOW_3) ## build dist/*.whl
	.venv/bin/python -m build --wheel --no-isolation

bench: $(AIRFLOW_3) $(BENCH) ## measure against peers, 50 minutes; docs/benchmarks.md (ARGS="cpu calls" for some)
	.venv/bin/python -m benchmarks $(ARGS)

bench-quick: $(AIRFLOW_3) $(BENCH) ## the same with fewer rows, in about 10 minutes
	.venv/bin/python -m benchmarks --quick $(ARGS)

audit: $(AIRFLOW_3) ## known holes in the pinned packages, if the advisory service can be asked
	.venv/bin/python -m scripts.audit

test-celery: $(CELERY) ## two Celery workers, one of them killed, over 100,000 rows
	CELERY_RUN=1 .venv-celery/bin/python -m pytest -s tests/celery $(ARGS)

test-databases: ## SQL sources, ledger tables and states on MariaDB, DuckDB, Snowflake and PostgreSQL
	@if command -v mariadbd >/dev/null && pkg-config --exists libmariadb 2>/dev/null; then \
		$(MAKE) --no-print-directory $(DATABASES) && \
		DATABASES_RUN=1 .venv-databases/bin/python -m pytest tests/databases $(ARGS); \
	else \
		echo "NOT TESTED on other databases: that needs a MariaDB server, libmariadb's headers and pkg-config"; \
	fi

chaos: $(AIRFLOW_3) ## hundreds of trials with faults and kills; totals in docs/reliability.md
	AIRFLOW_HOME=$(CURDIR)/.venv/airflow .venv/bin/python -m tests.chaos $(ARGS)

simulate: $(CORE) ## worlds with faults and kills, without threads or time (ARGS="--minutes 10 --from 5000", or "--seed 7")
	.venv-core/bin/python -m tests.simulation $(ARGS)

simulate-all: $(CORE) ## small worlds in all orders, with a kill at each wait and each fault at each call
	.venv-core/bin/python -m tests.simulation --exhaustive

simulate-long: $(CORE) ## ten hours of further worlds; totals are added in docs/reliability.md, also if it is interrupted
	.venv-core/bin/python -m tests.simulation --append --minutes 600 $(ARGS)

mutants: $(CORE) ## break the product in many ways, and tell what nothing notices (ARGS="--known", "--sample 600")
	.venv-core/bin/python -m tests.simulation.mutants $(ARGS)

clean: ## remove environments, caches and builds
	rm -rf .venv .venv-core .venv-airflow-2.11 .venv-lowest .venv-bench .venv-celery .venv-databases .venv-docs .venv-matrix build dist .*_cache .coverage .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(AIRFLOW_3): constraints/airflow-3.3.txt constraints/uv.txt pyproject.toml
	@$(ENVIRONMENT) .venv constraints/airflow-3.3.txt --project --uv constraints/uv.txt

$(AIRFLOW_2): constraints/airflow-2.11.txt pyproject.toml | $(AIRFLOW_3)
	@$(ENVIRONMENT) .venv-airflow-2.11 constraints/airflow-2.11.txt --project --airflow-2

$(LOWEST): constraints/lowest-2.11.txt pyproject.toml | $(AIRFLOW_3)
	@$(ENVIRONMENT) .venv-lowest constraints/lowest-2.11.txt --project --airflow-2

$(CORE): constraints/core.txt | $(AIRFLOW_3)
	@$(ENVIRONMENT) .venv-core constraints/core.txt

$(CELERY): constraints/celery.txt pyproject.toml | $(AIRFLOW_3)
	@$(ENVIRONMENT) .venv-celery constraints/celery.txt --project

$(DATABASES): constraints/databases.txt pyproject.toml | $(AIRFLOW_3)
	@$(ENVIRONMENT) .venv-databases constraints/databases.txt --project

$(DOCS): constraints/docs.txt | $(AIRFLOW_3)
	@$(ENVIRONMENT) .venv-docs constraints/docs.txt

$(BENCH): constraints/bench.txt | $(AIRFLOW_3)
	@$(ENVIRONMENT) .venv-bench constraints/bench.txt
