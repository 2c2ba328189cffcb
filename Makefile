# The environment is made when first needed; `make help` lists the commands.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
TARGET ?= duckdb
RAW ?= data/demo
WAREHOUSE ?= warehouse
DATA ?= ../shared/data
NAME ?= online_retail
MINUTES ?= 10
FORMAT ?= parquet

VENV := .venv/bin

comma := ,

# pip compiles on one core: half of its time is saved by compiling on all of them. What fails is a template for Python 2.
define install
$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --no-compile $(3) -r $(2)
@$(1)/bin/python -m compileall -qq -j 0 $(1)/lib || true
endef

# Folders reach the shell as variables, so that a space or a quote in a name does no harm.
export RAW WAREHOUSE SETTINGS DATA VERSION MAX_AGE_HOURS CUSTOMER PERSON FORMAT OUT METRICS BY WHERE CHROMIUM
export DO_NOT_TRACK := 1

.PHONY: help build analyse load-postgres erase demo-data example test pytest lint mutation bench soak doctor versions rollback freeze-scale propose-weights
.PHONY: test-postgres test-spark metrics test-metrics docs picture export report test-report report-picture test-v2 superset parsed test-dagster test-airflow
.PHONY: lock licences
.PHONY: audit clean

help: ## Print what each command does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# A stamp stands for an installed lock file, so that a changed lock installs anew.
.venv/build.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "customer_scores needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@echo "Making the environment in .venv (about a minute, once) ..."
	$(PYTHON) -m venv .venv
	$(call install,.venv,requirements.lock)
	@touch $@

.venv/test.stamp: .venv/build.stamp requirements-test.lock
	@echo "Adding what tests and lint need (once) ..."
	$(call install,.venv,requirements-test.lock)
	@touch $@

# Who exports no Excel files need not wait for it.
.venv/xlsx.stamp: requirements-xlsx.lock | .venv/build.stamp
	$(call install,.venv,requirements-xlsx.lock)
	@touch $@

# Who has no Postgres server need not wait for its driver.
.venv/postgres.stamp: requirements-postgres.lock | .venv/build.stamp
	$(call install,.venv,requirements-postgres.lock)
	@touch $@

# Who writes no report need not wait for what draws it.
.venv/report.stamp: requirements-report.lock | .venv/build.stamp
	$(call install,.venv,requirements-report.lock)
	@touch $@

# dbt-bouncer wants duckdb < 2: an environment of its own.
.venv-bouncer/stamp: requirements-bouncer.lock
	$(PYTHON) -m venv .venv-bouncer
	$(call install,.venv-bouncer,requirements-bouncer.lock)
	@touch $@

# What audits the packages is none of them.
.venv-audit/stamp: requirements-audit.lock
	$(PYTHON) -m venv .venv-audit
	$(call install,.venv-audit,requirements-audit.lock)
	@touch $@

# Forecasts of what customers will buy want some fifty packages more, 900 MB in all: nobody else should wait for these.
.venv-clv/stamp: requirements-clv.lock | .venv/build.stamp
	@echo "Making the environment in .venv-clv (about a minute, once) ..."
	$(PYTHON) -m venv .venv-clv
	$(call install,.venv-clv,requirements-clv.lock)
	@touch $@

# Who runs no browser tests need not wait for these. npm brings one file of script, and runs none.
.venv-browser/stamp: requirements-browser.lock python_tests/browser/package-lock.json
	$(PYTHON) -m venv .venv-browser
	$(call install,.venv-browser,requirements-browser.lock)
	npm ci --prefix python_tests/browser --ignore-scripts --no-audit --no-fund
	@touch $@

# Dagster and Airflow bring a hundred packages each.
.venv-dagster/stamp: requirements-dagster.lock
	$(PYTHON) -m venv .venv-dagster
	$(call install,.venv-dagster,requirements-dagster.lock)
	@touch $@

.venv-airflow/stamp: requirements-airflow.lock
	$(PYTHON) -m venv .venv-airflow
	$(call install,.venv-airflow,requirements-airflow.lock)
	@touch $@

# dbt v2 is one program without Python. npm brings the library by which it reaches DuckDB, and runs nothing.
.venv-v2/stamp: requirements-v2.lock python_tests/v2/package-lock.json
	$(PYTHON) -m venv .venv-v2
	$(call install,.venv-v2,requirements-v2.lock)
	npm ci --prefix python_tests/v2 --ignore-scripts --no-audit --no-fund
	@touch $@

# Superset wants a DuckDB before 2, and 150 packages. One of them was never published as a wheel: it is built of its source,
# whose hash the lock names, with what is installed by then and nothing fetched.
.venv-superset/stamp: requirements-superset.lock requirements-superset-source.lock
	@echo "Making the environment in .venv-superset (about a minute, once) ..."
	$(PYTHON) -m venv .venv-superset
	$(call install,.venv-superset,requirements-superset.lock)
	$(call install,.venv-superset,requirements-superset-source.lock,--no-binary wtforms-json --no-build-isolation)
	@touch $@

# Spark itself is in pyspark: 430 MB. That and two more have no wheels, and are built of their sources, with nothing fetched.
.venv-spark/stamp: requirements-spark.lock requirements-spark-source.lock
	@echo "Making the environment in .venv-spark (two minutes, once) ..."
	$(PYTHON) -m venv .venv-spark
	$(call install,.venv-spark,requirements-spark.lock)
	$(call install,.venv-spark,requirements-spark-source.lock,--no-binary pure-sasl$(comma)pyhive$(comma)pyspark --no-build-isolation)
	@touch $@

ifeq ($(TARGET),duckdb)
build: $(if $(filter 1,$(CLV)),.venv-clv/stamp,.venv/build.stamp) $(if $(filter data/demo,$(RAW)),data/demo/customers.csv) ## Build the marts from RAW=folder (default: the demo company) and publish them in WAREHOUSE=folder; CLV=1 where vars.yml asks for clv_forecasts
	$(if $(filter 1,$(CLV)),.venv-clv/bin,$(VENV))/python -m ops.build --raw "$$RAW" --warehouse "$$WAREHOUSE"
else ifeq ($(TARGET),postgres)
build: .venv/postgres.stamp
	@$(VENV)/python -m ops.build_postgres --work "$$WAREHOUSE/postgres" $(if $(SETTINGS),--settings "$$SETTINGS")
else
build:
	@echo "There is no TARGET $(TARGET): leave it out, or give TARGET=postgres." >&2; exit 2
endif

test-spark: .venv/build.stamp .venv-spark/stamp data/demo/customers.csv
	PYTHONPATH=.:python_tests .venv-spark/bin/python python_tests/spark_builds.py --raw data/demo

analyse: .venv/postgres.stamp ## Run the models in Python anew over the published build of a Postgres server: TARGET=postgres (DuckDB runs them in each build)
ifneq ($(TARGET),postgres)
	@echo "TARGET=$(TARGET): DuckDB runs the models in Python within each build; give TARGET=postgres for a server." >&2; exit 2
endif
	@$(VENV)/python -m ops.build_postgres --analyse --work "$$WAREHOUSE/postgres" $(if $(SETTINGS),--settings "$$SETTINGS")

load-postgres: .venv/postgres.stamp $(if $(filter data/demo,$(RAW)),data/demo/customers.csv) ## Load RAW=folder into the schema landing of the Postgres server that PGHOST ... name
	@$(VENV)/python -m ops.load_postgres --raw "$$RAW"

erase: $(if $(filter 1,$(CLV)),.venv-clv/stamp,.venv/build.stamp) ## Erase a customer from WAREHOUSE (CUSTOMER=id), or one person within it (PERSON=user or respondent id too), and build from RAW without
	$(if $(filter 1,$(CLV)),.venv-clv/bin,$(VENV))/python -m ops.erase --customer="$$CUSTOMER" $(if $(PERSON),--person="$$PERSON") --raw "$$RAW" --warehouse "$$WAREHOUSE"

data/demo/customers.csv: ops/demo_data.py | .venv/build.stamp
	@$(MAKE) --no-print-directory demo-data

demo-data: .venv/build.stamp ## Write the synthetic demo company to data/demo
	$(VENV)/python -m ops.demo_data --out data/demo

example: .venv/test.stamp ## Map and build a real data set: NAME=online_retail, community_survey or cdnow, DATA=folder with its file
	$(VENV)/python 'examples/$(NAME)/map.py' $(if $(filter cdnow,$(NAME)),,--data "$$DATA") --out 'data/examples/$(NAME)'
	$(VENV)/python -m ops.build --raw 'data/examples/$(NAME)' --warehouse 'warehouse/$(NAME)'

# Environments, and lint beside the tests: each is one core's work and would leave the other idle.
test: ## Run everything that CI runs: lint, shape, unit tests, data tests, the independent oracle
	@$(MAKE) --no-print-directory --jobs 2 lint pytest

# Two processes for each core, since tests wait for builds.
pytest: .venv/test.stamp .venv-clv/stamp
	$(VENV)/python -m pytest --numprocesses $$(($$($(VENV)/python -c 'import os; print(os.cpu_count())') * 2)) --dist loadscope --no-loadscope-reorder

# Hardly anything that sqlfluff holds is ever garbage: to look for it at the usual rate takes a third of its time.
SQLFLUFF := $(VENV)/python -c 'import gc; gc.set_threshold(1_000_000); from sqlfluff.cli.commands import cli; cli()'

lint: .venv/test.stamp .venv-bouncer/stamp ## Check style (sqlfluff, ruff) and the project's shape (dbt-bouncer)
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(SQLFLUFF) lint models tests analyses
	$(VENV)/dbt --quiet parse --target-path target
	.venv-bouncer/bin/dbt-bouncer run

mutation: .venv/test.stamp ## Take one rule after the other out of staging and marts; fails unless tests notice 95 % of them (ten minutes or more)
	PYTHONPATH=. $(VENV)/python python_tests/mutation.py

bench: .venv/test.stamp ## Measure builds of 20 million events and 10 million answers against plain aggregates, pandas and Polars (ten minutes or more, 20 GB of disk)
	$(VENV)/python -m benchmarks.engagement
	$(VENV)/python -m benchmarks.surveys

soak: .venv/build.stamp ## Read, build and kill builds at random for MINUTES=10; fails unless no read failed and each was of one whole build
	$(VENV)/python -m benchmarks.soak --minutes '$(MINUTES)' $(if $(SEED),--seed '$(SEED)')

# These three make no environment, since they must not wait for packages when something is wrong.
MADE := test -x $(VENV)/python || { echo "FAIL  environment  there is none yet: make build makes it"; exit 1; }

doctor: ## Say whether all is well, and what to do: environment, disk, last build, sources, leftovers (MAX_AGE_HOURS=hours from build to build)
	@$(MADE)
	@$(VENV)/python -B -m ops.doctor --warehouse "$$WAREHOUSE" $(if $(MAX_AGE_HOURS),--max-age-hours "$$MAX_AGE_HOURS")

versions: ## List the versions kept in WAREHOUSE, newest first
	@$(MADE)
	@$(VENV)/python -m ops.rollback --warehouse "$$WAREHOUSE" --list

rollback: ## Show readers the version before (VERSION=one that `make versions` lists)
	@$(MADE)
	@$(VENV)/python -m ops.rollback --warehouse "$$WAREHOUSE" $(if $(VERSION),--version "$$VERSION")

freeze-scale: .venv/build.stamp ## Propose today's population scale as a frozen one, as CSV (VERSION=name)
	@$(VENV)/python -m ops.freeze_scale --warehouse "$$WAREHOUSE" $(if $(VERSION),--version "$$VERSION")

propose-weights: .venv/build.stamp ## Propose weights that outcomes suggest, as CSV, with what they would gain
	@$(VENV)/python -m ops.propose_weights --warehouse "$$WAREHOUSE"

export: .venv/build.stamp $(if $(filter xlsx,$(FORMAT)),.venv/xlsx.stamp) ## Write the published marts as files: FORMAT=parquet, csv or xlsx, OUT=folder (default: export in WAREHOUSE), ALL_DATES=1 for receipts of all days
	@$(VENV)/python -m ops.export --warehouse "$$WAREHOUSE" --format "$$FORMAT" $(if $(OUT),--out "$$OUT") $(if $(filter 1,$(ALL_DATES)),--all-dates)

superset: .venv/build.stamp .venv-superset/stamp data/demo/customers.csv ## Try the marts in Apache Superset while builds publish: three charts, compared with the marts (some minutes)
	$(VENV)/python examples/superset/try_superset.py --raw "$$RAW"

# What dbt knows of the project, in target: schedules, metrics and docs are made of it.
parsed: .venv/build.stamp
	@$(VENV)/dbt --quiet parse --target-path target

test-dagster: parsed .venv-dagster/stamp ## Load and materialise the example of a schedule in Dagster, with a build that fails too
	.venv-dagster/bin/python -m pytest --confcutdir examples examples/dagster/test_definitions.py

test-airflow: parsed .venv-airflow/stamp ## Load and run the example of a schedule in Airflow, with a build that fails too
	rm -rf data/test_airflow
	AIRFLOW_HOME=$(CURDIR)/data/test_airflow AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__DAGS_FOLDER=$(CURDIR)/examples/airflow .venv-airflow/bin/python -m pytest --confcutdir examples examples/airflow/test_dag.py

metrics: parsed ## Query metrics of WAREHOUSE as CSV: METRICS=nps,csat BY=metric_time__month; WHERE=condition (docs/semantic-layer.md)
	@$(VENV)/python -m ops.metrics --warehouse "$$WAREHOUSE" --manifest target/semantic_manifest.json --metrics="$$METRICS" --by="$$BY" $(if $(WHERE),--where="$$WHERE")

test-metrics: .venv/test.stamp ## Compare every metric with the marts, by every dimension (part of make test)
	$(VENV)/python -m pytest --numprocesses 0 python_tests/test_metrics.py

report: .venv/report.stamp ## Write one HTML page that shows the published marts: OUT=file (default: report.html in WAREHOUSE)
	@$(VENV)/python -m report --warehouse "$$WAREHOUSE" $(if $(OUT),--out "$$OUT")

# A browser is no Python package: who has none is told how to get it.
BROWSER := command -v "$${CHROMIUM:-chromium}" >/dev/null || { echo "There is no Chromium: apt-get install chromium, or CHROMIUM=path of one."; exit 1; }

test-report: .venv/build.stamp .venv-browser/stamp data/demo/customers.csv ## Open the demo's report in Chromium: figures against the marts, receipts, keyboard, barriers (axe-core), phone; needs Chromium and npm
	@$(BROWSER)
	$(VENV)/python -m ops.build --raw data/demo --warehouse data/test_report
	WAREHOUSE=data/test_report .venv-browser/bin/python -m pytest --confcutdir python_tests/browser python_tests/browser/test_page.py

test-v2: .venv/build.stamp .venv-v2/stamp data/demo/customers.csv ## Build the demo with dbt v1 and with dbt v2, compare all published rows, and tell both times (six minutes; needs npm)
	PYTHONPATH=python_tests $(VENV)/python python_tests/v2/compare.py --raw data/demo

test-postgres: .venv/test.stamp .venv/postgres.stamp data/demo/customers.csv ## Build the demo and the real examples on a Postgres server and on DuckDB, compare all published rows, try readers and rights (needs PostgreSQL 15, and DATA=folder)
	$(VENV)/python -m pytest --numprocesses 0 python_tests/engines/test_postgres.py

report-picture: .venv-browser/stamp ## Write docs/report.png, the report of WAREHOUSE as Chromium shows it (needs Chromium)
	@$(BROWSER)
	PYTHONPATH=. .venv-browser/bin/python python_tests/browser/picture.py --warehouse "$$WAREHOUSE"

docs: parsed ## Write target/static_index.html: all models, columns and their lineage, one page that needs no network
	$(VENV)/dbt --quiet docs generate --no-compile --empty-catalog --static --target-path target

picture: .venv/test.stamp ## Draw the README's picture from the marts in WAREHOUSE
	$(VENV)/python docs/picture.py --warehouse "$$WAREHOUSE"

lock: ## Write the lock files anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra test --generate-hashes --no-header --universal --quiet --output-file requirements-test.lock
	uv pip compile pyproject.toml --constraint requirements-test.lock --generate-hashes --no-header --universal --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --extra clv --constraint requirements-test.lock --generate-hashes --no-header --universal --quiet --output-file requirements-clv.lock
	uv pip compile --group bouncer --generate-hashes --no-header --universal --quiet --output-file requirements-bouncer.lock
	uv pip compile --group report --constraint requirements-test.lock --generate-hashes --no-header --universal --quiet --output-file requirements-report.lock
	uv pip compile --group browser --constraint requirements-test.lock --generate-hashes --no-header --universal --quiet --output-file requirements-browser.lock
	uv pip compile --group dagster --constraint requirements-test.lock --generate-hashes --no-header --universal --quiet --output-file requirements-dagster.lock
	uv pip compile --group airflow --generate-hashes --no-header --universal --quiet --output-file requirements-airflow.lock
	uv pip compile --no-config --group v2 --generate-hashes --no-header --universal --quiet --output-file requirements-v2.lock
	uv pip compile --group xlsx --generate-hashes --no-header --universal --quiet --output-file requirements-xlsx.lock
	uv pip compile --group postgres --constraint requirements-test.lock --generate-hashes --no-header --universal --quiet --output-file requirements-postgres.lock
	uv pip compile --group superset --no-emit-package wtforms-json --generate-hashes --no-header --universal --quiet --output-file requirements-superset.lock
	uv pip compile --group superset-source --no-deps --generate-hashes --no-header --universal --quiet --output-file requirements-superset-source.lock
	uv pip compile --group spark --no-emit-package pure-sasl --generate-hashes --no-header --universal --quiet --output-file requirements-spark.lock
	uv pip compile --group spark-source --no-deps --generate-hashes --no-header --universal --quiet --output-file requirements-spark-source.lock
	uv pip compile --group audit --generate-hashes --no-header --universal --quiet --output-file requirements-audit.lock

licences: .venv/test.stamp .venv-bouncer/stamp .venv-clv/stamp .venv-audit/stamp ## Write docs/licences.md anew from the lock files and the installed packages
	$(VENV)/python -m ops.licences

audit: .venv-audit/stamp ## Ask for known vulnerabilities of all packages of the lock files
	.venv-audit/bin/python -m ops.audit_packages

clean: ## Remove environments, generated data and dbt's files; published marts and your own data stay
	rm -rf .venv .venv-bouncer .venv-clv .venv-audit .venv-superset .venv-spark .venv-browser .venv-dagster .venv-airflow .venv-v2 python_tests/browser/node_modules python_tests/v2/node_modules data/demo data/examples data/test_report data/test_airflow target logs dev_*.duckdb* .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
