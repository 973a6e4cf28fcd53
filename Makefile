# What a person does with this project; `make` alone lists it. The product's own commands are `cdp-etl --help`.
# Nothing is needed beforehand but Python 3.11 or later, make and git.

.DEFAULT_GOAL := help
.PHONY: help demo ui test test-full test-system test-spark audit docs screenshots bench bench-memory bench-backfill bench-landing bench-load bench-marts bench-attacks soak chaos fuzz check format lock clean
.DELETE_ON_ERROR:
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The locks name each file by its hash, so what is installed is what was locked; pip resolves nothing.
INSTALL := $(PIP) install --require-hashes --no-deps
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-header --no-emit-index-url --no-emit-find-links
SITE_PACKAGES := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
TEST_WORKERS ?= auto
# Tests start hundreds of processes; each would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE
# Sizes of the history in million rows, and what else the two take: BENCH_MARTS='--history 10 50 150'
BENCH_LOAD ?= --history 10 50
BENCH_MARTS ?= --history 10 50
# Length of a slice, DuckDB versions, results file: SOAK='--minutes 60 --versions 2.0.1 1.5.6 --results soak.jsonl'
SOAK ?= --minutes 3 --versions 2.0.0 2.0.1

# Temporary files of tests are in memory if 8 GiB are free there: thousands of commits then wait for no disk.
export PYTEST_DEBUG_TEMPROOT := $(shell df -k /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 8 * 1024 * 1024 { print "/dev/shm" }')

# Number of cases, results file: CHAOS='--cases 200 --results chaos.jsonl'; --help lists more
CHAOS ?= --cases 200

help: ## This list
	@echo "cdp_etl: daily customer data dumps in, marts out."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Set-up happens by itself, in .venv. After it: .venv/bin/cdp-etl --help"

# Making the environment: .run for using the product, .dev for working on it (it holds all of .run).
.venv/.python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed; set PYTHON=<one>.")'
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.run: requirements.lock pyproject.toml | .venv/.python
	@echo "Setting up .venv (about a minute, once) ..."
	@$(INSTALL) --requirement requirements.lock
	@$(INSTALL_SELF)
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/.python
	@echo "Setting up .venv for development (one or two minutes, once) ..."
	@$(INSTALL) --requirement requirements-dev.lock
	@$(INSTALL_SELF)
	@touch .venv/.run $@

# pyspark is apart, because pyspark-client, which users install, has the same folder. All else comes from .venv.
.venv-spark/.dev: requirements-spark.lock .venv/.dev
	@echo "Setting up .venv-spark (one or two minutes, once) ..."
	@$(PYTHON) -m venv .venv-spark
	@.venv-spark/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps \
		--requirement requirements-spark.lock
	@echo "import site; site.addsitedir('$$($(BIN)/python $(SITE_PACKAGES))')" \
		> "$$(.venv-spark/bin/python $(SITE_PACKAGES))/cdp_etl.pth"
	@touch $@

demo: .venv/.run ## Three days of sample dumps from landing to marts, and what came of them
	@$(BIN)/cdp-etl run --from 2026-03-01 --to 2026-03-03
	@echo
	@echo "The ten strongest customer-product pairs (docs/queries/strongest_pairs.sql):"
	@$(BIN)/cdp-etl sql --file docs/queries/strongest_pairs.sql
	@echo
	@echo "Next:"
	@echo "  make ui                                          the Dagster UI on port 3000, with the runs just made"
	@echo "  $(BIN)/cdp-etl status                        what is loaded, day by day"
	@echo "  $(BIN)/cdp-etl quarantine list               what was refused, and why"
	@echo '  $(BIN)/cdp-etl sql "FROM marts.interaction LIMIT 5"'
	@echo "  $(BIN)/cdp-etl generate --help               more and larger sample dumps"

ui: .venv/.run ## The Dagster web server and daemon on port 3000
	@$(BIN)/cdp-etl ui

test: .venv/.dev ## The tests of every change, in about five minutes; they need nothing but Python
	@$(BIN)/pytest -m "not system and not full and not spark" -n $(TEST_WORKERS) --dist worksteal

test-full: .venv/.dev ## The longer tests: state machines, recomputed marts, killed processes, whole runs
	@$(BIN)/pytest -m "full and not system and not spark" -n $(TEST_WORKERS) --dist worksteal

test-system: .venv/.dev ## Tests that need Debian packages; installs them when root
	@PYTEST="$(BIN)/pytest" .ci/test-system

test-spark: .venv-spark/.dev ## The marts by Spark against those by DuckDB, in about five minutes; needs Java 17
	@.venv-spark/bin/python -m pytest -m spark cdp_etl_tests/engines

screenshots: .venv/.dev ## The pictures in docs/img, by the tests of the UI; needs Debian's packages
	@SCREENSHOTS=docs/img $(BIN)/pytest -m system cdp_etl_tests/end_to_end/test_ui.py

bench: .venv/.dev ## Measure normalizing against other tools; writes benchmarks/results.md (15 minutes)
	@$(BIN)/python benchmarks/normalize.py --dlt --out benchmarks/results.md

bench-memory: .venv/.dev ## Measure memory of normalizing 1, 5 and 20 million records and extreme dumps; needs 30 GB of disk
	@$(BIN)/python benchmarks/normalize.py --groups memory extreme --out benchmarks/results-memory.md

bench-load: .venv/.dev ## A day's load on a growing history, timed; writes benchmarks/results-load.md
	@$(BIN)/python benchmarks/load.py $(BENCH_LOAD) --out benchmarks/results-load.md

bench-backfill: .venv/.dev ## 30 days as one run beside the bare functions, timed; needs Debian's postgresql
	@$(BIN)/python benchmarks/backfill.py --out benchmarks/results-backfill.md

bench-marts: .venv/.dev ## A day's marts and a full rebuild on a history, timed; writes benchmarks/results-marts.md
	@$(BIN)/python benchmarks/marts.py $(BENCH_MARTS) --out benchmarks/results-marts.md

bench-attacks: .venv/.dev ## Hostile files and servers: seconds, memory, answers; writes benchmarks/results-attacks.md
	@$(BIN)/python benchmarks/attacks.py --out benchmarks/results-attacks.md

soak: .venv/.dev ## Replay histories on DuckDB versions and compare every mart at every step; see benchmarks/soak.py
	@$(BIN)/python benchmarks/soak.py $(SOAK)

chaos: .venv/.dev ## Kill, disturb and damage everything at random, and compare what becomes of it; CHAOS='--cases 200'
	@$(BIN)/python -m cdp_etl_tests.chaos.campaign $(CHAOS)

fuzz: .venv/.dev ## A minute of coverage-guided fuzzing of every decoder (Linux on x86_64)
	@$(BIN)/python -m cdp_etl_tests.normalize.fuzz_decode --seconds 60

bench-landing: .venv/.dev ## Pulls from sshd and S3 beside the plain clients, timed; needs Debian's openssh-server
	@$(BIN)/python benchmarks/landing.py --out benchmarks/results-landing.md

check: .venv/.dev ## Style, types, import direction, SQL, and generated documents
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --disable-progress-bar cdp_etl docs/queries
	@$(BIN)/cdp-etl contract check

audit: .venv/.dev ## Known vulnerabilities of the locked packages, if their list can be reached
	@$(BIN)/python .ci/audit $(BIN)/uv requirements.lock

docs: .venv/.dev ## The documentation site in docs/_build/html; warnings are errors
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -b html -c docs . docs/_build/html
	@echo "Open docs/_build/html/docs/index.html"

format: .venv/.dev ## Bring the source into shape: imports, layout, what ruff can mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: .venv/.dev ## Resolve pyproject.toml anew into the three locks
	@$(LOCK) --extra build --extra report pyproject.toml --output-file requirements.lock
	@$(LOCK) --extra build --extra dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock
	@grep -oE 'pyspark==[0-9.]+' pyproject.toml | $(LOCK) - --output-file requirements-spark.lock

clean: ## Remove .venv and all that the pipeline made under data/, but not the sample dumps
	@rm -rf .venv .venv-spark
	@find data -mindepth 1 -maxdepth 1 ! -name landing ! -name README.md -exec rm -rf {} +
