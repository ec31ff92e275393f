PYTHON ?= python3
ROWS ?= 10000000
COLUMNS ?= 25
DAYS ?= 360
GRAIN ?= month
PEER_ROWS ?= 1000000
RUNS ?= 5

environment := .venv/bin
pytest = $(environment)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: build check test test-all pages bench bench-peers lint clean

build: .venv/installed
	$(environment)/dbt build
	@echo
	@echo "The demo clinic is built: data_health.duckdb holds the marts, all named health_*. What they found, by health_incidents:"
	@echo
	@$(environment)/data-health summary
	@echo
	@echo "docs/demo.md tells what was planted and where it shows. One column, month by month:"
	@$(environment)/python -m data_health.demo.look data_health.duckdb

# before every commit: what needs no build
check: lint
	$(pytest) -m quick

# before every merge: each thing once
test: .venv/installed
	$(pytest) -m "not slow"

test-all: .venv/installed
	$(pytest)

# the tables of the docs that come from queries, written again
pages: .venv/installed
	for page in cleaning_docs demo_components demo_marts labeling_rounds your_table; do PYTHONPATH=tests/support:tests/engines $(environment)/python tests/pages/test_$$page.py; done
	PYTHONPATH=tests/support $(environment)/python tests/configuration/test_configuration.py
	PYTHONPATH=tests/support $(environment)/python tests/components/test_components.py
	PYTHONPATH=tests/support $(environment)/python tests/versions/test_versions.py
	PYTHONPATH=tests/support $(environment)/python tests/versions/test_team_day.py

bench: .venv/installed
	$(environment)/python benchmarks/bench.py --rows $(ROWS) --columns $(COLUMNS) --days $(DAYS) \
		--grain $(GRAIN) --peer-rows $(PEER_ROWS)
	$(environment)/python benchmarks/acceptance.py --runs $(RUNS)

# the tools that bench compares with, each in an environment of its own under .cache/peers
bench-peers: .venv/installed
	$(environment)/python benchmarks/peers.py install

lint: .venv/installed
	$(environment)/ruff check .
	$(environment)/ruff format --check .
	$(environment)/sqlfluff lint dbt_project/models
	$(environment)/codespell

clean:
	rm -rf .venv .cache target logs dbt_packages build *.egg-info data_health.duckdb data_health.duckdb.wal

# the locked versions, so that every machine runs the same; pyproject.toml says which others are fine
.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(environment)/python -m pip install --quiet --constraint requirements.lock --editable '.[test,lint]'
	touch $@
