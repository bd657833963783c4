# `make` with no target lists what there is. Every target sets up what it needs, once.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# the first Python that fits; `python3` itself where none does, so that the prerequisites check can name what is wrong
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(FITS)' 2>/dev/null && echo $$python && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
GRADER := $(BIN)/grader
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
READY_CLUSTER := $(VENV)/.ready-cluster
ASSIGNMENT ?=
WORKERS ?=
SALT ?=
FORCE ?=
HEAD ?=
ZIP ?=
YES ?=
EXECUTOR ?=
SCHEDULER ?=
TO ?=
ROSTER ?=
COLUMN ?=
STUDENT ?=
HIDDEN ?=
# the name of a variable, if it was given on the command line: systems set some of these for purposes of their own
given = $(if $(filter command line,$(origin $(1))),$(1))
# what a person wrote reaches the command through the environment, with its spaces and quotes
option = $(if $($(1)),$(2) "$$$(1)")
ASSIGNMENTS = $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard assignment/*/*.ipynb)))))
GRADE_OPTIONS = $(ASSIGNMENT) $(if $(WORKERS),--workers $(WORKERS)) $(if $(SALT),--salt $(SALT)) $(if $(FORCE),--force) \
	$(if $(EXECUTOR),--executor $(EXECUTOR)) $(if $(SCHEDULER),--scheduler $(SCHEDULER))
EXTRA := $(if $(filter dask,$(EXECUTOR)),$(READY_CLUSTER))

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 22
	@echo "Of several assignments, name one: make grade ASSIGNMENT=name"

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) tools/prerequisites.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV) (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(READY_DEV): $(READY) requirements-dev.txt
	@echo "Installing the locked test packages into $(VENV) (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(READY_CLUSTER): $(READY) requirements-cluster.txt
	@echo "Installing the locked packages for more than one machine into $(VENV) (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-cluster.txt
	@touch $@

setup: $(READY) ## set up .venv with the locked packages

setup-cluster: $(READY_CLUSTER) ## add what more than one machine needs: Dask, the driver for PostgreSQL

grade: $(READY) $(EXTRA) ## grade course/submitted/, or the sample class (FORCE=1, WORKERS=2, SALT=…; EXECUTOR=dask SCHEDULER=tls://…)
	@$(GRADER) grade $(GRADE_OPTIONS)

collect: $(READY) ## bring in a download of the LMS: make collect ZIP=download.zip (or a folder)
	@test -n "$(ZIP)" || { echo "Say what to collect: make collect ZIP=download.zip (or a folder)" >&2; exit 2; }
	@$(GRADER) collect "$$ZIP" $(ASSIGNMENT)

regrade: $(READY) ## after a change of cases or limits: show who changes and why, ask, write (YES=1: do not ask; FORCE=1, WORKERS=2)
	@$(GRADER) regrade $(ASSIGNMENT) $(if $(WORKERS),--workers $(WORKERS)) $(if $(FORCE),--force) $(if $(YES),--yes)

verify: $(READY) ## find changes to log, verdicts or gradebook that did not come through the kit (HEAD=…)
	@$(GRADER) verify $(ASSIGNMENT) $(if $(HEAD),--head $(HEAD))

test: $(READY_DEV) ## lint, tests, validation of the assignment (TESTS=tests/test_x.py: these alone)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile $(or $(TESTS),-m "not long")
	@for name in $(or $(ASSIGNMENT),$(ASSIGNMENTS)); do $(GRADER) validate $$name; done

test-long: $(READY_DEV) ## the tests that take long: browsers, cluster, PostgreSQL, containers, other NumPys, red team's own
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m long

soak: $(READY_DEV) ## 2,000 submissions with every breakage and attack; runs killed 100 times and at every step
	@SOAK=1 $(BIN)/python -m pytest -q -s --timeout 1800 tests/test_soak.py tests/test_durability.py

new: $(READY) ## begin an assignment of your own: make new NAME=dropout (docs/authoring.md)
	@test -n "$(call given,NAME)" || { echo "Say what it is called: make new NAME=dropout" >&2; exit 2; }
	@$(GRADER) new "$$NAME"

release: $(READY) ## build and check the student version (LANG=ko or zh: in that language, until LANG=en)
	@$(GRADER) release $(ASSIGNMENT) $(if $(call given,LANG),--lang $(LANG))

validate: $(READY) ## solution = full marks, untouched release = 0, fixtures reproduce, nothing leaks
	@$(GRADER) validate $(ASSIGNMENT)

audit: $(READY) ## wrong solutions x cases: every one rejected, by the case made for it
	@$(GRADER) audit $(ASSIGNMENT)

redteam: $(READY) ## hostile submissions: none gains a point, reads a secret, or outlives its run
	@$(GRADER) redteam $(ASSIGNMENT)

audit-deep: $(READY_DEV) ## machine-made wrong solutions, and every solution on ten salts
	@PYTHONPATH=.:assignment/batchnorm $(BIN)/python -m solutions.batchnorm.machine_mutants
	@PYTHONPATH=.:assignment/batchnorm $(BIN)/python -m solutions.batchnorm.ten_salts

parity: $(READY_DEV) ## truth against PyTorch, JAX and TensorFlow, each where it is installed
	@$(BIN)/python -m pytest -q -rs tests/solutions/test_parity.py

feedback: $(READY) ## the page each student gets back: course/feedback/ (STUDENT=id: one alone; LANGUAGE=ko or zh)
	@$(GRADER) feedback $(ASSIGNMENT) $(call option,STUDENT,--student) $(if $(call given,LANGUAGE),--language $(LANGUAGE))

report: $(READY) ## the instructor's report of the class: course/report/index.html
	@$(GRADER) report $(ASSIGNMENT)

export: $(READY) ## grades for the LMS (TO=canvas, moodle or cases; ROSTER=its.csv COLUMN="its heading (4711)")
	@$(GRADER) export $(or $(TO),cases) $(ASSIGNMENT) $(call option,ROSTER,--roster) $(call option,COLUMN,--column)

gradescope: $(READY) ## the zip that Gradescope makes an autograder from (HIDDEN=visible: who sees hidden checks)
	@$(GRADER) gradescope $(ASSIGNMENT) $(call option,HIDDEN,--hidden)

pictures: $(READY_DEV) ## make the pictures of README and docs anew, from real runs (needs Chromium)
	@$(BIN)/python tools/pictures.py

bench: $(READY) ## throughput against plain nbgrader, in one run (SIZE=200, PLOT=picture.svg)
	@$(GRADER) bench $(ASSIGNMENT) $(if $(SIZE),--size $(SIZE)) $(if $(PLOT),--plot $(PLOT))

doctor: $(READY) ## what protection this machine gives, what is missing, how to get it
	@$(GRADER) doctor

formgrader: $(READY) ## JupyterLab with the formgrader, for the written answers (PORT=8899)
	@$(GRADER) formgrader $(if $(call given,PORT),--port $(PORT))

lock: ## resolve the lock files anew (needs uv)
	uv pip compile $(LOCK_OPTIONS) pyproject.toml -o requirements.txt
	uv pip compile $(LOCK_OPTIONS) --extra cluster -c requirements.txt pyproject.toml -o requirements-cluster.txt
	uv pip compile $(LOCK_OPTIONS) --group dev -c requirements-cluster.txt -o requirements-dev.txt

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header

clean: ## remove .venv and caches; course/ stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis *.egg-info

.PHONY: setup-cluster redteam audit-deep parity feedback report export gradescope new pictures help setup grade collect regrade verify test soak release validate audit bench doctor formgrader lock clean
