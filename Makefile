# What people type; `make help` lists it. A target's line says after ## what it does.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all

.PHONY: help install run test test-all test-long test-lowest test-failed test-slurm test-s3 test-container lint lint-js bench bench-scale bench-peers docs site pictures lock clean
.PHONY: slurm s3 gcs azure kubernetes aws-batch mutants
.DEFAULT_GOAL := run

help:  ## list these targets
	@awk -F ' *:[^#]*## *' '/^[a-z][a-z0-9 -]*:.*## / { n = split($$1, names, " "); \
	    for (i = 1; i <= n; i++) printf "  make %-15s %s\n", names[i], $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/ready  ## set up .venv and run the default configuration; CORES=2 for two cores
	$(BIN)/snakemake --cores $(CORES)

install: $(VENV)/ready  ## set up .venv alone

# For everybody who changes a line: every feature, on small samples.
test: $(VENV)/ready  ## check every feature on small samples, some 5 minutes on two idle cores
	$(BIN)/python -m pytest -n 2

FAILED_AGAIN := $(BIN)/python -m pytest -rs --long --last-failed --last-failed-no-failures none

# What this machine has not got is skipped, with the reason.
test-all: test-long test-s3 test-slurm  ## check what test leaves out: large samples, kills, faults, a browser, stores, clusters

# MINUTES=N skips what has not begun by then.
test-long: $(VENV)/ready .venv-rules/ready .venv-publish/ready .venv-frames/ready  ## check what test leaves out, without stores and clusters, in some 40 minutes
	$(BIN)/python -m pytest -n 2 -rs --long --durations=20 $(if $(MINUTES),--minutes $(MINUTES)) || $(FAILED_AGAIN)

# A test that fails on a busy machine and passes alone shows in the output, and is to be mended; it does not end the gate.
test-failed: $(VENV)/ready  ## run once more, one by one, what failed in test-all
	$(FAILED_AGAIN)

# Not in the environment: Arrow imports pandas wherever it is installed, which takes each task longer than its work.
.venv-frames/ready: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .venv-frames \
	    pandas==3.1.1 polars==2.1.0 polars-runtime-32==2.1.0
	touch $@

# Rule sets of others are read and not copied. SyGMa cannot be built apart from RDKit, nor by a new setuptools.
.venv-rules/ready: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .venv-rules/build 'setuptools<81'
	PYTHONPATH=$(CURDIR)/.venv-rules/build $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	    --no-build-isolation --target .venv-rules sygma==1.1.0 molvs==0.1.1
	touch $@

# Versions that people have: the oldest that pyproject.toml allows.
test-lowest: .venv-lowest/ready  ## run unit and property tests on the oldest versions of libraries, some 15 minutes
	.venv-lowest/bin/python -m pytest -n 2 tests/unit tests/property

# The validators of what publish makes; they want other versions than the package does.
.venv-publish/ready: envs/publish-test.txt
	$(PYTHON) -m venv .venv-publish
	.venv-publish/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/publish-test.txt
	touch $@

# Skipped, with the reason, where no Slurm can be set up.
test-slurm: .venv-slurm/ready  ## check runs on a Slurm that is set up on this machine (root)
	.venv-slurm/bin/python -m pytest --long -rs tests/slurm

# Azure is skipped where npm is not.
test-s3: .venv-s3-test/ready $(if $(shell command -v npm),.venv-azurite/ready)  ## check stores, Kubernetes and AWS Batch against stand-ins on this machine
	.venv-s3-test/bin/python -m pytest --long -rs tests/s3

# What stands in for Azure; the newest version that takes Node.js 20.
.venv-azurite/ready:
	npm install --silent --no-audit --no-fund --no-save --prefix .venv-azurite azurite@3.35.0 && touch $@ || \
	    echo "Azurite cannot be had: results in Azure are not tested"

test-container:  ## build the image and make the default run in it (root, buildah, debootstrap)
	bash tests/container.sh

# Changes the module in place, so use a clone of its own. The survivors are shown; tests/mutants.md lists those known.
mutants: $(VENV)/ready .venv-mutants/bin/cosmic-ray  ## change a MODULE a little in each way and see that TESTS fail
	rm -f .venv-mutants/session.sqlite
	printf '[cosmic-ray]\nmodule-path = "%s"\ntimeout = 60.0\nexcluded-modules = []\ntest-command = "%s"\n[cosmic-ray.distributor]\nname = "local"\n' \
	    "workflow/halogenator/$(MODULE).py" "$(BIN)/python -B -m pytest -x -q -p no:xdist $(TESTS)" > .venv-mutants/config.toml
	.venv-mutants/bin/cosmic-ray init .venv-mutants/config.toml .venv-mutants/session.sqlite
	.venv-mutants/bin/cosmic-ray exec .venv-mutants/config.toml .venv-mutants/session.sqlite
	.venv-mutants/bin/cr-report --show-diff --surviving-only .venv-mutants/session.sqlite

.venv-mutants/bin/cosmic-ray:
	$(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/python -m pip install --quiet --disable-pip-version-check cosmic-ray==8.7.0

lint: $(VENV)/ready  ## ruff, mypy, import-linter, snakefmt, snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(if $(wildcard node_modules/ready),npm run --silent lint)

# Once eslint and prettier are installed, lint does it too.
lint-js: node_modules/ready  ## eslint and prettier on the report's scripts, needs Node.js
	npm run --silent lint

node_modules/ready: package-lock.json
	npm ci --silent --no-audit --no-fund
	touch $@

bench: $(VENV)/ready  ## measure speed and memory against their targets, 5 minutes
	$(BIN)/python benchmarks/bench.py speed

# 50,000 tasks, 100 million rows and 10,000 files: 5 GB of disk.
bench-scale: $(VENV)/ready  ## measure what grows with the size of a run, 25 minutes
	$(BIN)/python benchmarks/bench.py scale

bench-peers: .venv-peers/ready  ## measure other open tools at the same job
	.venv-peers/bin/python benchmarks/toolkits.py

slurm s3 gcs azure kubernetes aws-batch: %: .venv-%/ready  ## set up an environment, .venv-NAME, for runs there

# Each environment holds what its lock files name.
$(VENV)/ready: envs/requirements.txt
.venv-slurm/ready: envs/requirements.txt envs/slurm.txt
.venv-s3/ready: envs/s3.txt
.venv-gcs/ready: envs/gcs.txt
.venv-azure/ready: envs/azure.txt
.venv-kubernetes/ready: envs/kubernetes.txt
.venv-aws-batch/ready: envs/aws-batch.txt
.venv-s3-test/ready: envs/s3-test.txt
.venv-lowest/ready: envs/lowest.txt
.venv-peers/ready: benchmarks/toolkits-requirements.txt

%/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check $(if $(filter envs/%,$^),--require-hashes) $(patsubst %,-r %,$(filter %.txt,$^))
	$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

docs: $(VENV)/ready  ## write docs/reference anew, after changing a schema, a column or a verb
	$(BIN)/python docs/make_reference.py

site: $(VENV)/ready  ## build the pages of docs/ into site/, with search, to be read without a network
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs site

pictures: $(VENV)/ready  ## take the pictures of docs/images anew (tmux, Chromium)
	$(BIN)/python docs/make_pictures.py

lock:  ## write the lock files of envs/ anew, after changing dependencies in pyproject.toml (uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev --extra build --quiet \
	    --no-annotate --output-file envs/requirements.txt pyproject.toml
	for extra in slurm s3 gcs azure kubernetes aws-batch s3-test; do \
	    uv pip compile --universal --python-version 3.11 --generate-hashes --extra $$extra --extra build --quiet \
	        --no-annotate --constraint envs/requirements.txt --output-file envs/$$extra.txt pyproject.toml || exit 1; \
	done
	uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --no-annotate --resolution lowest-direct \
	    --extra build --group lowest-test --output-file envs/lowest.txt pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --no-annotate \
	    --group publish-test --output-file envs/publish-test.txt

clean:  ## remove the environments; results stay
	rm -rf $(VENV) .venv-* node_modules
