# Only git, make, a shell and Python 3.11 or later are needed; `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help up down topology status logs demo credentials test test-unit test-integration test-kubernetes chaos chaos-sii fuzz release lint format bench

PYTHON = .venv/bin/python
STAMP = .venv/.made-of-requirements-dev

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## install what is missing, build, start the two-worker layout, print the URLs
	deploy/prerequisites.sh
	deploy/airgap/build.sh
	docker compose --profile '*' build
	docker compose --profile workers up -d --wait
	@printf '%-10s http://localhost:%s\n' API "$${API_PORT:-8000}/docs" Operations "$${API_PORT:-8000}/ops" \
		Flower "$${FLOWER_PORT:-5555}/flower" Metrics "$${METRICS_PORT:-9464}/metrics" Simulator "$${SIMULATOR_PORT:-8080}/"
	@echo "'make credentials' shows the login and the API key, 'make demo' does real work."

down: ## stop every layout and keep the data
	docker compose --profile '*' down

topology: ## change the layout while it works: make topology T=one, two or three
	@deploy/compose/topology.sh $(T)

status: ## queues, workers and the last runs
	@docker compose exec api fiscal status

logs: ## follow the logs of every service
	docker compose --profile '*' logs -f --tail 100

demo: ## seed the simulator's companies, sync them, show what came
	@docker compose exec api fiscal demo

credentials: ## the logins of Flower and the metrics, and an API key
	@deploy/compose/credentials.sh

$(STAMP): requirements/dev.txt
	python3 -m venv .venv || { echo "On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Most tests wait: for a limit, a container, a browser. Which may run side by side: tests/conftest.py.
test: $(STAMP) ## every test that this machine can run
	$(PYTHON) -m pytest --numprocesses 2 --no-loadscope-reorder

test-unit: $(STAMP) ## the tests that need no container of ours
	$(PYTHON) -m pytest tests/unit tests/entrypoint tests/topology

test-integration: $(STAMP) ## the tests on the real images
	$(PYTHON) -m pytest tests/integration

test-kubernetes: $(STAMP) ## the chart on a real Kubernetes (FISCAL_TEST_CONTEXT or FISCAL_TEST_CLUSTER)
	$(PYTHON) -m pytest tests/kubernetes

chaos: $(STAMP) ## break running bundles: make chaos N=500 SEED=1 BUNDLES=3; goes on where it stopped
	deploy/airgap/build.sh
	docker compose --profile '*' build --quiet
	$(PYTHON) -m tests.chaos.campaign $(or $(N),20) $(or $(SEED),$(shell date +%s)) $(or $(BUNDLES),1)

fuzz: $(STAMP) ## damaged inputs to every parser of what SII sends: make fuzz N=20000 SEED=1
	PYTHONPATH=backend $(PYTHON) -m tests.fuzz $(or $(N),20000) $(or $(SEED),$(shell date +%s))

chaos-sii: $(STAMP) ## random faults at the portal: make chaos-sii N=200 SEED=1 [HTTP=1: no browser] [ONLY=7: that one again]
	HTTP=$(HTTP) ONLY=$(ONLY) PYTHONPATH=backend:. $(PYTHON) -m tests.sii_chaos.campaign $(or $(N),20) $(or $(SEED),$(shell date +%s))

release: $(STAMP) ## tag and push the images, package the chart: make release REGISTRY=registry.example/team
	deploy/release.sh "$(REGISTRY)"

lint: $(STAMP) ## ruff, mypy, import-linter, shellcheck, hadolint
	$(PYTHON) -m ruff check && $(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	cd backend && ../.venv/bin/lint-imports --config ../pyproject.toml
	.venv/bin/shellcheck -x $$(git ls-files '*.sh')
	.venv/bin/hadolint $$(git ls-files '*Dockerfile*')

format: $(STAMP) ## ruff format and its safe fixes
	$(PYTHON) -m ruff check --fix && $(PYTHON) -m ruff format

bench: $(STAMP) ## measure against plain Celery; appends to benchmarks/RESULTS.md
	$(PYTHON) -m benchmarks
