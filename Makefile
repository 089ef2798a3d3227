PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RECORD_BIN := .venv-record/bin
SECONDS ?= 75
KILLS ?= 200
INSTANTS ?= 100
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo control test lint chaos power bench bench-detection record image image-figures deploy-tools deploy-check prometheus-rule sbom lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/installed  ## set up, play a recorded hospital into werwatch, show the alert (KEEP=1 leaves it up)
	@$(BIN)/werwatch demo --seconds $(SECONDS)

control: $(VENV)/installed  ## the same days without the noise: nothing may be raised
	@$(BIN)/werwatch demo --recording control --seconds $(SECONDS)

# Two at once for each processor: one runs while another waits for a process or a clock.
test: $(VENV)/tested-with lint  ## all tests, on all processors (JOBS=1 for one)
	$(BIN)/python -m pytest --numprocesses $$((2 * $(JOBS))) --dist worksteal

lint: $(VENV)/tested-with  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers $(JOBS)

chaos: $(VENV)/tested-with  ## kill a loaded service 200 times, hold it to what it answered (KILLS=, SEED=)
	PYTHONPATH=tests $(BIN)/python -m chaos --kills $(KILLS) $(if $(SEED),--seed $(SEED))

power: $(VENV)/tested-with  ## take the power from recorded services at many instants, hold them to what they answered (INSTANTS=)
	POWER_INSTANTS=$(INSTANTS) $(BIN)/python -m pytest tests/power

bench: $(VENV)/tested-with  ## speed against baselines of the same run, with what is asked for: table, build/bench.json
	PYTHONPATH=tests $(BIN)/python -m benchmarks

bench-detection: $(VENV)/tested-with  ## what detection promises, measured: tables, build/detection.json and .png (an hour)
	@mkdir -p build
	PYTHONPATH=tests $(BIN)/python -m benchmarks.detection --json build/detection.json --png build/detection.png

record: .venv-record/installed  ## make the recordings again (Debian package espeak-ng; about half an hour on two cores)
	$(RECORD_BIN)/python -m service.demo.recorder.record --out service/demo/recordings

image:  ## build the image with buildah (root; Debian packages buildah, debootstrap), for its tests
	tests/deploy/image/build.sh

image-figures: $(VENV)/tested-with image  ## what the image takes: room, time to start, memory, processor
	PYTHONPATH=tests:. $(BIN)/python tests/deploy/image/figures.py

deploy-tools: .venv-deploy/installed  ## helm, kubectl, compose, hadolint and schemas, for the tests of deploy/

deploy-check: $(VENV)/tested-with deploy-tools image sbom  ## all that can be said of deploy/ without a cluster
	$(BIN)/python -m pytest tests/deploy

sbom: deploy-tools  ## what comes along with the service, from the lock file: build/werwatch.cdx.json and licences.txt
	@rm -rf build/runtime && mkdir -p build
	@$(PYTHON) -m venv --without-pip build/runtime
	@.venv-deploy/bin/python -m pip --python build/runtime/bin/python install --quiet --disable-pip-version-check \
		--no-compile --require-hashes -r requirements.lock
	@version=$$(sed -n 's/^__version__ = //p' service/__init__.py); \
		sed "s/^dynamic = .*/version = $$version/" pyproject.toml >build/runtime/pyproject.toml
	@.venv-deploy/bin/cyclonedx-py environment --pyproject build/runtime/pyproject.toml --mc-type application \
		--spec-version 1.6 --output-reproducible --output-file build/werwatch.cdx.json build/runtime/bin/python
	@$(PYTHON) deploy/sbom/licences.py build/werwatch.cdx.json >build/licences.txt
	@rm -r build/runtime

RULE := deploy/kubernetes/monitoring/prometheus-rule.yaml
prometheus-rule: deploy-tools  ## make the rules for Prometheus Operator again from deploy/prometheus
	@echo '# Made of ../../prometheus by make prometheus-rule.' >$(RULE)
	@.venv-deploy/bin/helm template werwatch deploy/helm/werwatch --show-only templates/prometheus-rule.yaml \
		--set mode=sidecar,prometheusRule.enabled=true 2>/dev/null \
		| sed -E '/^(---|# Source|    (app.kubernetes.io|helm.sh))/d' >>$(RULE)

lock:  ## make the lock files again from pyproject.toml (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		-c requirements.lock pyproject.toml --group test -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		-c requirements.lock pyproject.toml --group record -o requirements-record.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		-c requirements.lock pyproject.toml --extra tracing -o requirements-tracing.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--group build -o requirements-build.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--group deploy -o requirements-deploy.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--no-deps --group helm -o requirements-helm.lock

clean:  ## remove the environments and caches
	rm -rf .venv .venv-record .venv-deploy .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/installed: requirements.lock requirements-build.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "werwatch needs Python 3.11 or newer; set PYTHON=")'
	@echo "setting up $(VENV) from the lock file (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --require-hashes -r requirements-build.lock
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/tested-with: $(VENV)/installed requirements-dev.lock
	@$(PIP) --no-compile --require-hashes -r requirements-dev.lock
	@touch $@

.venv-record/installed: requirements-record.lock
	$(PYTHON) -m venv .venv-record
	$(RECORD_BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-record.lock
	touch $@

.venv-deploy/installed: requirements-deploy.lock requirements-helm.lock
	@$(PYTHON) -m venv .venv-deploy
	@for lock in $^; do .venv-deploy/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
		--no-deps --require-hashes -r $$lock; done
	@tar -xzf .venv-deploy/lib/python*/site-packages/aws_cdk/*/_jsii/*.tgz -C .venv-deploy package/lib/layer.zip
	@$(PYTHON) -m zipfile -e .venv-deploy/package/lib/layer.zip .venv-deploy/layer
	@install .venv-deploy/layer/helm/helm .venv-deploy/layer/kubectl/kubectl .venv-deploy/bin
	@rm -r .venv-deploy/package .venv-deploy/layer
	@touch $@
