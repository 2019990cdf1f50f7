# make run: everything from a clean checkout to results; make test and make lint check it; make bench measures it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all

.PHONY: install run test test-all test-slurm test-s3 test-container lint bench bench-scale bench-peers docs pictures lock clean
.PHONY: slurm s3 kubernetes aws-batch
.DEFAULT_GOAL := run

run: $(VENV)/ready
	$(BIN)/snakemake --cores $(CORES)
	@$(BIN)/python -m halogenator tour

# The environment alone.
install: $(VENV)/ready

# For everybody who changes a line: every feature, on small samples, in at most five minutes on two idle cores.
test: $(VENV)/ready
	$(BIN)/python -m pytest -n 2

# All that `make test` leaves out: large samples, kills, faults, a browser, rule sets of others, stores and clusters. What
# this machine has not got is skipped, with the reason.
test-all: $(VENV)/ready .venv-rules/ready
	$(BIN)/python -m pytest -n 2 -rs --long
	$(MAKE) test-s3 test-slurm

# Rule sets of others, which are read and not copied. SyGMa cannot be built apart from RDKit, nor by a new setuptools.
.venv-rules/ready: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .venv-rules/build 'setuptools<81'
	PYTHONPATH=.venv-rules/build $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	    --no-build-isolation --target .venv-rules sygma==1.1.0 molvs==0.1.1
	touch $@

# A run on a Slurm that is set up on this machine for it; skipped, with the reason, where that cannot be done.
test-slurm: .venv-slurm/ready
	.venv-slurm/bin/python -m pytest --long -rs tests/slurm

# Results in a store, tasks on Kubernetes and AWS Batch: against stand-ins on this machine, in an environment of their own.
test-s3: .venv-s3-test/ready
	.venv-s3-test/bin/python -m pytest --long -rs tests/s3

# The image, and the default run in it; needs root, buildah and debootstrap.
test-container:
	bash tests/container.sh

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

# The figures that the design is held to, beside their targets: some four minutes on two idle cores.
bench: $(VENV)/ready
	$(BIN)/python benchmarks/bench.py

# What grows with a run, at 50,000 tasks, 100 million rows and 10,000 files: 20 to 25 minutes on two
# shared cores, 5 GB of disk.
bench-scale: $(VENV)/ready
	$(BIN)/python benchmarks/scale.py

# The same job by other open tools, which get an environment of their own.
bench-peers: .venv-peers/ready
	.venv-peers/bin/python benchmarks/peers.py

# Environments for runs elsewhere: with what submits tasks to Slurm, Kubernetes or AWS Batch, or keeps results in a store.
slurm s3 kubernetes aws-batch: %: .venv-%/ready

# An environment a purpose, each with what its lock files name.
$(VENV)/ready: envs/requirements.txt
.venv-slurm/ready: envs/requirements.txt envs/slurm.txt
.venv-s3/ready: envs/s3.txt
.venv-kubernetes/ready: envs/kubernetes.txt
.venv-aws-batch/ready: envs/aws-batch.txt
.venv-s3-test/ready: envs/s3-test.txt
.venv-peers/ready: benchmarks/peers-requirements.txt

%/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check $(if $(filter envs/%,$^),--require-hashes) $(patsubst %,-r %,$(filter %.txt,$^))
	$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# After changing a schema, a column or a verb: the reference pages, which a test compares.
docs: $(VENV)/ready
	$(BIN)/python docs/make_reference.py

# The pictures of docs/images, anew; needs tmux and Chromium.
pictures: $(VENV)/ready
	$(BIN)/python docs/make_pictures.py

# After changing the dependencies in pyproject.toml; needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev --extra build --quiet \
	    --no-annotate --output-file envs/requirements.txt pyproject.toml
	for extra in slurm s3 kubernetes aws-batch s3-test; do \
	    uv pip compile --universal --python-version 3.11 --generate-hashes --extra $$extra --extra build --quiet \
	        --no-annotate --constraint envs/requirements.txt --output-file envs/$$extra.txt pyproject.toml || exit 1; \
	done

clean:
	rm -rf $(VENV) .venv-*
