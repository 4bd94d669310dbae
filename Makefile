# Every target sets up what it needs in .venv on first use; nothing global is touched.
#   make demo    see it work, offline           make test    lint and every test
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RUNNABLE := $(VENV)/.runnable
COMPILED := $(VENV)/.compiled
# On two cores: many tests wait for a server, a terminal or a process.
WORKERS ?= 4
LOCKING := .venv-lock
FETCHING := .venv-fetch
OLDEST := .venv-oldest
AUDIT := .venv-audit
BUILD := .venv-build
PROTOS := .venv-protos

# Hundreds of tests start the command, and each start would compile every module that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-oldest unit lint format fuzz protos docs matrix bench audit krew krew-check install-check image image-archive lock wheelhouse release release-check test-newest test-kubectl site site-serve clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

# set_up.py installs only when dependencies changed. The environment for tests also serves the demo.
$(READY): pyproject.toml scripts/set_up.py
	@$(CHECK_PYTHON)
	@$(PYTHON) scripts/set_up.py $(VENV) develop
	@touch $@

$(RUNNABLE): packaging/requirements.txt scripts/set_up.py
	@$(CHECK_PYTHON)
	@test -e $(READY) || $(PYTHON) scripts/set_up.py $(VENV) run
	@touch $@

CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || { echo "kubectl-cbt needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }

# Without their dependencies: the tests' own tools ask for newer releases of some.
$(OLDEST)/.ready: pyproject.toml tests/oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[dev,docs]'
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement tests/oldest.txt
	@touch $@

setup: $(READY)  ## make .venv with everything in it

# By the module: the commands in the environment of a checkout that was moved still name its old place.
demo: $(RUNNABLE)  ## the map of a delta of the demo cluster; in a pipe its summary
	@$(BIN)/python -m kubectl_cbt demo

# At the same time: mypy needs one core for most of a minute, and so does what the tests need first.
test: $(READY)  ## lint and every test
	+@$(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,--jobs 2) lint unit

unit: $(READY) $(COMPILED)  ## every test, without lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Once for an environment: otherwise each worker would compile the tests, and all that they import.
$(COMPILED): $(READY)
	@PYTHONPATH=tests $(BIN)/python -c 'import warm; warm.import_all()'
	@$(BIN)/python -m pytest --collect-only -qq >$@.log 2>&1 || { cat $@.log; exit 1; }
	@rm $@.log
	@touch $@

test-oldest: $(OLDEST)/.ready  ## every test with the oldest libraries pyproject.toml accepts (Python 3.11)
	$(OLDEST)/bin/python -m pytest -n $(WORKERS) --dist worksteal

WORKFLOWS := $(wildcard .github/workflows/*.yml) docs/driver-ci.yml
lint: $(READY) $(PROTOS)/.ready site  ## ruff, mypy (strict), import contracts, generated modules, workflows, and the site with its links
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(PROTOS)/bin/python scripts/generate_protos.py --check
	test ! -x $(BIN)/actionlint || $(BIN)/actionlint $(WORKFLOWS)
	test ! -x $(BIN)/zizmor || $(BIN)/zizmor --offline --quiet $(WORKFLOWS) .github/dependabot.yml

format: $(READY)  ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(READY)  ## fuzz what comes from others for ten minutes (FUZZ_SEED, FUZZ_SECONDS, FUZZ_CASES)
	$(BIN)/python tests/fuzz/run.py

# An environment of its own: the compiler's package accepts an older protobuf only, and the tests must run with the one
# that users get. The release is pinned: it must give the same bytes on every machine.
$(PROTOS)/.ready: Makefile
	$(PYTHON) -m venv $(PROTOS)
	$(PROTOS)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --no-deps grpcio-tools==1.76.0
	@touch $@

protos: $(PROTOS)/.ready  ## regenerate the protobuf modules
	$(PROTOS)/bin/python scripts/generate_protos.py

docs: $(READY)  ## refresh the outputs, key tables and pictures shown in README.md and docs/
	$(BIN)/python scripts/refresh_docs.py
	$(BIN)/python scripts/draw_screens.py

# Strict: a link, an anchor or a page of the navigation that does not exist is an error.
# mkdocs-material warns of the next mkdocs on every run: the releases below it are pinned, and maintained until May 2027.
site: export NO_MKDOCS_2_WARNING := 1
site: $(READY)  ## build the documentation as a site into dist/site
	$(BIN)/mkdocs build --strict --quiet

site-serve: $(READY)  ## show the site on http://127.0.0.1:8000 while you write
	$(BIN)/mkdocs serve

matrix: $(READY)  ## run every check against every fault of the demo, and write docs/faults.md
	$(BIN)/python scripts/draw_matrix.py

bench: $(READY)  ## measure every promise about speed and memory (half an hour; BENCH="verify report" for some parts)
	$(BIN)/python bench/run.py $(BENCH)

# An environment of its own: nothing that pip-audit needs may decide which releases of ours are audited.
$(AUDIT)/.ready: Makefile
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: 'pip-audit>=2.10,<3'
	@touch $@

# Strict: a package that is unknown to the advisory service is an error. AUDIT_SERVICE=osv uses another service.
AUDIT_SERVICE ?= pypi
audit: $(AUDIT)/.ready  ## look for known vulnerabilities in the oldest releases that are accepted, and in the newest
	$(AUDIT)/bin/pip-audit --strict --vulnerability-service $(AUDIT_SERVICE) --disable-pip --no-deps --requirement tests/oldest.txt
	$(AUDIT)/bin/pip-audit --strict --vulnerability-service $(AUDIT_SERVICE) .

krew: $(READY)  ## build the krew archive of this tree, and its manifest, into dist/
	$(BIN)/python scripts/build_krew.py

krew-check: krew  ## build both, install from them as krew does, run
	$(BIN)/python scripts/check_krew.py

install-check: $(READY)  ## install, upgrade and remove as users do: pipx, and what krew installs with and without an index
	$(BIN)/python scripts/install_check.py

# An environment of its own: only the build backend, by the hash of each file, may affect what is published.
$(BUILD)/.ready: packaging/build-requirements.txt
	@$(CHECK_PYTHON)
	$(PYTHON) -m venv --clear $(BUILD)
	$(BUILD)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: \
	  --requirement packaging/build-requirements.txt
	@touch $@

release: $(BUILD)/.ready  ## build what a release publishes from a tagged checkout, into dist/release
	PYTHONPATH=. $(BUILD)/bin/python scripts/release.py

release-check: $(READY)  ## run release.yml twice as if this commit were tagged, without publishing, and compare the bytes
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python scripts/release_check.py

test-newest: $(READY)  ## every test with the newest libraries pyproject.toml accepts
	$(BIN)/python -m pip install --disable-pip-version-check --upgrade --upgrade-strategy eager --editable '.[dev]'
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Every test with another minor release of kubectl (KUBECTL_MINOR=1.29). Linux on x86-64 only.
KUBECTL_MINOR ?= 1.33
KUBECTL_BINARY := dist/kubectl-$(KUBECTL_MINOR)/kubectl
$(KUBECTL_BINARY): tests/kubectl.txt scripts/fetch_kubectl.py | $(READY)
	$(BIN)/python scripts/fetch_kubectl.py $(KUBECTL_MINOR) $@

test-kubectl: $(READY) $(KUBECTL_BINARY)  ## every test with the release KUBECTL_MINOR of kubectl
	PATH="$(abspath $(dir $(KUBECTL_BINARY))):$$PATH" $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# The image of the Job that `kubectl cbt verify --print-job` prints. Push it to where the cluster pulls from.
ENGINE ?= $(shell command -v podman || command -v docker)
# A tag cannot contain the plus sign of a version between releases.
IMAGE ?= kubectl-cbt:$(subst +,-,$(shell $(PYTHON) -c 'from kubectl_cbt.system.checkout import *; print(version_of_tree())'))
# WHEEL=file installs this wheel instead of that of the tree, BASE=name@digest builds from another base.
image: $(if $(WHEEL),,$(BUILD)/.ready)  ## build the container image from the wheel of this tree (ENGINE=podman or docker, IMAGE=name:tag)
	@test -n "$(ENGINE)" || { echo "make image needs podman or docker" >&2; exit 1; }
	rm -rf dist/image
	mkdir -p dist/image
	$(if $(WHEEL),cp $(WHEEL) dist/image,$(BUILD)/bin/python -m hatchling build -t wheel -d dist/image)
	cp packaging/requirements.txt dist/image
	$(ENGINE) build --file packaging/Containerfile $(if $(BASE),--build-arg BASE=$(BASE)) --tag $(IMAGE) dist/image

# As a Job runs it: without a network, with a read-only root file system.
image-archive: image  ## build the container image, run it, and write it to dist/image-archive with its name
	$(ENGINE) run --rm --network none --read-only --tmpfs /tmp $(IMAGE) version
	$(ENGINE) run --rm --network none --read-only --tmpfs /tmp $(IMAGE) delta snap-a snap-b --demo --output summary
	rm -rf dist/image-archive
	mkdir -p dist/image-archive
	$(ENGINE) save --output dist/image-archive/image.tar $(IMAGE)
	printf '%s' '$(IMAGE)' > dist/image-archive/name

# An environment of its own, because uv is not needed for anything else.
$(LOCKING)/.ready: Makefile
	$(PYTHON) -m venv $(LOCKING)
	$(LOCKING)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: 'uv>=0.13,<0.14'
	@touch $@

lock: $(LOCKING)/.ready  ## resolve what users install, and what a release is built with; check both for every platform
	$(LOCKING)/bin/python scripts/lock.py

# For this Python and platform. WHEELHOUSE=folder puts them elsewhere. In an environment of its own, new for each PYTHON:
# the Python of a distribution may have no pip.
WHEELHOUSE ?= dist/wheelhouse
wheelhouse:  ## fetch the packages that the krew launcher installs, for a machine without an index
	$(PYTHON) -m venv --clear $(FETCHING)
	$(FETCHING)/bin/python -m pip download --disable-pip-version-check --require-hashes --only-binary=:all: \
	  --dest $(WHEELHOUSE) --requirement packaging/requirements.txt

clean:  ## remove what the targets made
	rm -rf $(VENV) $(VENV).old $(OLDEST) $(AUDIT) $(BUILD) $(LOCKING) $(FETCHING) $(PROTOS) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
