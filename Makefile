# `make reproduce` runs everything; `make test` checks everything. Both build .venv first.
# macOS's make would run simple lines without a shell, and so without the PATH below
SHELL := /bin/bash
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
INSTALLED := .venv/installed
# Not in the lock: each index has a different file for torch (CUDA or CPU), so no hash is valid on
# all of them, and a CUDA build pins the versions of its own libraries.
TORCH := torch==2.13.0

# empty in an unpacked ZIP, even inside an unrelated repository
UNDER_GIT := $(or $(wildcard .git),$(shell git ls-files --error-unmatch dvc.yaml 2> /dev/null))

.PHONY: environment needs-git reproduce test lint check committed small scores elsewhere audit lock \
  show compare search new-series forecast best pixels permuted ablation study bench tutorial-mnist tutorial-airline clean

reproduce: environment
# DVC leaves a partial dvc.lock if it is killed while writing; git has the complete file, and the
# cache has the stages that ran since
	@[ ! -e dvc.lock ] || { grep -q ^schema dvc.lock && [ -z "$$(tail -c 1 dvc.lock)" ]; } || { \
	  echo "dvc.lock is incomplete: restored from git, or deleted if git has none"; \
	  git checkout --quiet dvc.lock 2> /dev/null || rm dvc.lock; }
	@set -o pipefail; dvc repro download_mnist 2>&1 | tee .venv/download.log || { \
	  grep -q 'no mirror gave it' .venv/download.log || exit 1; \
	  echo "NO MIRROR PROVIDED MNIST (see above): the images task uses scikit-learn's digits"; \
	  echo "instead. params.yaml is changed; $(RESTORE_PARAMS) restores MNIST."; \
	  $(RUN_ON_DIGITS); }
	dvc repro
	@python -m rnnlab report

ON_DIGITS := tasks.mnist.data.dataset=digits tasks.mnist.train.batch_size=32
ifdef UNDER_GIT
RESTORE_PARAMS := git checkout params.yaml
RUN_ON_DIGITS := dvc exp run $(ON_DIGITS:%=-S %)
else
RESTORE_PARAMS := cp .venv/params.yaml params.yaml
# dvc exp run needs git: apply only its -S here, before the dvc repro that follows
RUN_ON_DIGITS := cp params.yaml .venv/params.yaml && python -c "from dvc.utils.hydra import \
  apply_overrides; apply_overrides('params.yaml', '$(ON_DIGITS)'.split())"
endif

# DVC requires git unless core.no_scm is set
environment: $(INSTALLED)
ifdef UNDER_GIT
	@! grep -qs 'no_scm = true' .dvc/config.local || dvc config --local --unset core.no_scm
else
	@grep -qs 'no_scm = true' .dvc/config.local || dvc config --local core.no_scm true
	@echo "This folder is not under git. The pipeline runs, but experiments (dvc exp), the gate and"
	@echo "the comparison with the last commit need a clone (git clone)."
endif

needs-git:
	@[ -n "$(UNDER_GIT)" ] || { echo "error: this folder is not under git, as in a ZIP;" \
	  "make $(MAKECMDGOALS) needs a clone (git clone)" >&2; exit 1; }

# the tests clone the repository
# a worker for each core; each test file runs in one
test: needs-git environment lint
	python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED)
	ruff check .
	ruff format --check .
	mypy stages rnnlab experiments benchmarks

# The checks for a pull request (.github/workflows/pipeline.yml)
check: test audit committed
	@$(MAKE) --no-print-directory small scores

committed: needs-git environment
	@dvc repro --dry --allow-missing | grep 'Data and pipelines are up to date' || { \
	  echo "dvc.lock does not match the code and the parameters: run dvc repro and commit dvc.lock"; exit 1; }

# AGAINST is the revision to compare scores with; by default origin/main, or main if that does not
# exist. What a push to main replaced, CI's BASE_COMMIT, is not here if the branch is new or its
# history was rewritten: then it is the commit before.
scores: needs-git environment
	@against='$(AGAINST)'; [ -n "$$against" ] || [ -z "$$BASE_COMMIT" ] || \
	  for against in "$$BASE_COMMIT" HEAD^ HEAD; do \
	    ! git cat-file -e "$$against^{commit}" 2> /dev/null || break; done; \
	python -m rnnlab gate $${against:+--against "$$against"} --out report/gate.md

# The whole pipeline in a minute, in a temporary folder: digits, few epochs, quick baselines.
small: needs-git environment
	python -m experiments.run small --temp
	@dvc exp remove --quiet small

# What other processors compute: the pipeline on the small setting, and the tests of what depends
# on the processor
elsewhere: needs-git small
	python -m pytest tests/networks tests/training/test_precision.py tests/training/test_device.py \
	  tests/training/test_determinism.py tests/zero_shot/test_golden.py

# --strict: a package that the database does not know has not been looked at
audit: $(INSTALLED)
	@mkdir -p report && rm -f report/audit.txt
	@echo $(firstword $(subst +, ,$(TORCH))) > report/torch.txt
	@if pip-audit --strict --requirement requirements.lock --requirement report/torch.txt \
	  --no-deps --disable-pip \
	  --progress-spinner off --output report/audit.txt 2> report/audit.log; \
	then echo "pip-audit: no known vulnerabilities"; \
	elif [ -s report/audit.txt ]; then cat report/audit.txt; exit 1; \
	else echo "pip-audit skipped: its database does not respond: $$(tail -n 1 report/audit.log)"; fi

# The experiments and the differences between them. --drop omits columns with MD5 sums of changed
# files; [^:] keeps the metrics, which DVC names with the path of their file.
show: needs-git environment
	@dvc exp show --only-changed --drop '(data|metrics|models)/[^:]*$$' \
	  $(if $(SORT),--sort-by $(SORT) --sort-order $(or $(ORDER),asc))

# Parameters that are better on validation: make search TASK=airline TRIALS=30
search: TASK := airline
TRIALS := 30
search: needs-git environment
	rnnlab search $(TASK) --trials $(TRIALS) --jobs $(JOBS)

# The three cells on both tasks, through DVC's queue, and a table for each task, best first. JOBS=2
# runs two at a time with one thread each: two experiments with two threads compete for the cores.
JOBS := 1
SHOW := dvc exp show --md --hide-workspace
compare: needs-git environment
	for cell in rnn lstm gru; do \
	  dvc exp remove --quiet $$cell 2> /dev/null; \
	  dvc exp run --queue --name $$cell $(if $(filter-out 1,$(JOBS)),-S threads=1) \
	  -S tasks.mnist.model.cell=$$cell -S tasks.airline.model.cell=$$cell || exit 1; done
	dvc exp run --run-all --jobs $(JOBS)
	@$(SHOW) --sort-by accuracy --sort-order desc \
	  --drop '^(?!Experiment$$|(accuracy|validation_accuracy|parameters)$$).*'
	@$(SHOW) --sort-by mase_roll --sort-order asc \
	  --drop '^(?!Experiment$$|mase_(step|year|long|roll)$$).*'

# Named parameter sets, run in the workspace; `git checkout params.yaml` restores the default one.
best pixels permuted: needs-git environment
	python -m experiments.run $@ --target plot@mnist

# The effect of each part of the images recipe, on validation; resumes if interrupted.
ablation: environment
	dvc repro download_mnist
	python -m benchmarks.accuracy.ablation

# Every cell on every sequence, and a logistic regression and a convolutional network.
study: environment
	dvc repro download_mnist
	python -m benchmarks.accuracy.study

# Training speed beside the usual loop and an upper bound: three minutes on two cores.
bench: environment
	dvc repro download_mnist
	python -m benchmarks.speed.bench

# READ= decides where a file has two readings: READ='decimal=comma dates=day-first'.
READ_OPTIONS = $(foreach each,$(READ),--read '$(each)')
# Add your own series as a task: make new-series CSV=mine.csv (PERIOD, TASK, UNIT, ID, TIME, VALUE,
# KNOWN=promo,price and HOLIDAYS=AT)
TASK = $(shell basename '$(CSV)' | sed 's/\.[^.]*$$//')
new-series: environment
	@python -m rnnlab new-series $(if $(CSV),'$(CSV)') $(if $(PERIOD),--period $(PERIOD)) \
	  --name '$(TASK)' $(if $(UNIT),--unit '$(UNIT)') $(if $(ID),--id '$(ID)') \
	  $(if $(TIME),--time '$(TIME)') $(if $(VALUE),--value '$(VALUE)') $(READ_OPTIONS) \
	  $(if $(KNOWN),--known '$(KNOWN)') $(if $(HOLIDAYS),--holidays '$(HOLIDAYS)')
	dvc repro 'plot@$(TASK)'
	@python -m rnnlab report

# Forecast a series: make forecast CSV=mine.csv (PERIOD, HORIZON, ID, TIME, VALUE); the default is airline.
forecast: $(INSTALLED)
	@python -m rnnlab forecast $(if $(CSV),'$(CSV)') $(if $(PERIOD),--period $(PERIOD)) \
	  $(if $(HORIZON),--horizon $(HORIZON)) $(if $(ID),--id '$(ID)') \
	  $(if $(TIME),--time '$(TIME)') $(if $(VALUE),--value '$(VALUE)') $(READ_OPTIONS)

# The tutorial's settings with a correct split, in a temporary folder; the workspace is unchanged.
tutorial-mnist: needs-git environment
	python -m experiments.run $@ --temp --target plot@mnist
	dvc metrics diff HEAD $@ --targets metrics/mnist/metrics.json

tutorial-airline: needs-git environment
	python -m experiments.run $@ --temp --target plot@airline
	dvc metrics diff HEAD $@ --targets metrics/airline/metrics.json

$(INSTALLED): requirements.lock
	$(PYTHON) -m venv .venv
	pip install --quiet --require-hashes --no-deps --requirement requirements.lock
	pip install --quiet $(TORCH)
	pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

lock:
	rm -rf .venv && $(PYTHON) -m venv .venv
	pip install --quiet pip-tools==7.6.2
	python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb')); \
	  print(*p['project']['dependencies'], *p['project']['optional-dependencies']['pipeline'], \
	  *p['dependency-groups']['dev'], sep='\n')" > .venv/wanted
	echo $(TORCH) >> .venv/wanted
	pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --output-file .venv/locked .venv/wanted
	(echo '# Exact versions of all that pyproject.toml asks for but torch (see Makefile), with the sums'; \
	  echo '# of all their files; made by: make lock'; \
	  awk '/^[^ ]/ {skip = /^(#|torch==|triton==|cuda-|nvidia-[^m])/} NF && !skip' .venv/locked) \
	  > requirements.lock
	rm -rf .venv

clean:
	rm -rf .venv
