# `make reproduce` runs everything; `make test` checks everything. Both build .venv first.
# macOS's make else starts simple lines without a shell, and so without the PATH below
SHELL := /bin/bash
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
INSTALLED := .venv/installed
# Apart from the lock: on each index torch is another file (for CUDA, for CPUs), so no sum holds
# everywhere, and a CUDA build brings libraries of its own, whose versions it pins itself.
TORCH := torch==2.13.0

# empty in an unpacked ZIP, even where that lies in a repository of something else
UNDER_GIT := $(or $(wildcard .git),$(shell git ls-files --error-unmatch dvc.yaml 2> /dev/null))

.PHONY: environment needs-git reproduce test lint check small audit lock show compare new-series \
  forecast best pixels permuted ablation study bench tutorial-mnist tutorial-airline clean

reproduce: environment
# killed while it writes dvc.lock, DVC leaves half of it; git has it whole, the cache what ran since
	@[ ! -e dvc.lock ] || { grep -q ^schema dvc.lock && [ -z "$$(tail -c 1 dvc.lock)" ]; } || { \
	  echo "dvc.lock is half written: git's own takes its place, or none where git has none"; \
	  git checkout --quiet dvc.lock 2> /dev/null || rm dvc.lock; }
	@set -o pipefail; dvc repro download_mnist 2>&1 | tee .venv/download.log || { \
	  grep -q 'no mirror gave it' .venv/download.log || exit 1; \
	  echo "NO MIRROR GAVE MNIST (see above): the images task runs on scikit-learn's digits"; \
	  echo "instead. params.yaml now says so; $(ASK_AGAIN) asks for MNIST again."; \
	  $(RUN_ON_DIGITS); }
	dvc repro
	@python -m rnnlab report

ON_DIGITS := tasks.mnist.data.dataset=digits tasks.mnist.train.batch_size=32
ifdef UNDER_GIT
ASK_AGAIN := git checkout params.yaml
RUN_ON_DIGITS := dvc exp run $(ON_DIGITS:%=-S %)
else
ASK_AGAIN := cp .venv/params.yaml params.yaml
# there is no dvc exp run without git: its -S alone, for the dvc repro that follows
RUN_ON_DIGITS := cp params.yaml .venv/params.yaml && python -c "from dvc.utils.hydra import \
  apply_overrides; apply_overrides('params.yaml', '$(ON_DIGITS)'.split())"
endif

# DVC asks git unless it is told that there is none
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

# the tests make clones
test: needs-git environment lint
	python -m pytest

lint: $(INSTALLED)
	ruff check .
	ruff format --check .
	mypy stages rnnlab benchmarks

# What a pull request must pass (.github/workflows/pipeline.yml). AGAINST names the revision whose
# scores are compared; origin/main, or main without one.
check: test audit
	@dvc repro --dry --allow-missing | grep 'Data and pipelines are up to date' || { \
	  echo "dvc.lock is not of this code and these parameters: dvc repro, then commit it"; exit 1; }
	@$(MAKE) --no-print-directory small
	python -m rnnlab gate $(if $(AGAINST),--against '$(AGAINST)') --out report/gate.md

# The whole pipeline in a minute, beside the workspace: digits, few epochs, quick baselines.
small: needs-git environment
	python -m benchmarks.named_set small --temp
	@dvc exp remove --quiet small

# --strict: a package that the database does not know has not been looked at
audit: $(INSTALLED)
	@mkdir -p report && rm -f report/audit.txt
	@echo $(firstword $(subst +, ,$(TORCH))) > report/torch.txt
	@if pip-audit --strict --requirement requirements.lock --requirement report/torch.txt \
	  --no-deps --disable-pip \
	  --progress-spinner off --output report/audit.txt 2> report/audit.log; \
	then echo "pip-audit: no package has a known fault"; \
	elif [ -s report/audit.txt ]; then cat report/audit.txt; exit 1; \
	else echo "pip-audit skipped, since its database does not answer: $$(tail -n 1 report/audit.log)"; fi

# The experiments and what differs between them. Without --drop each changed file has a column for
# its MD5 sum, 35 characters wide; [^:] spares the metrics that DVC writes with their file's path.
show: needs-git environment
	@dvc exp show --only-changed --drop '(data|metrics)/[^:]*$$'

# The three cells on both tasks, through DVC's queue, and a table for each task, best first. With
# JOBS=2 two run side by side, of one thread each: threads of two would get in each other's way.
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

# Named parameter sets, run in the workspace; `git checkout params.yaml` leads back to the fast one.
best pixels permuted: needs-git environment
	python -m benchmarks.named_set $@ --target plot@mnist

# What each part of the images recipe is worth, on validation; both go on where they were stopped.
ablation: environment
	dvc repro download_mnist
	python -m benchmarks.ablation

# Every cell by every sequence, beside a logistic regression and a convolutional network.
study: environment
	dvc repro download_mnist
	python -m benchmarks.study

# This project's speed beside the usual loop, the ceiling and the roofline; about 16 minutes.
bench: environment
	dvc repro download_mnist
	python -m benchmarks.bench

# A series of your own as a task: make new-series CSV=mine.csv PERIOD=12 (TASK, UNIT, ID, TIME, VALUE)
TASK = $(shell basename '$(CSV)' | sed 's/\.[^.]*$$//')
new-series: environment
	@python -m rnnlab new-series $(if $(CSV),'$(CSV)') $(if $(PERIOD),--period $(PERIOD)) \
	  --name '$(TASK)' $(if $(UNIT),--unit '$(UNIT)') $(if $(ID),--id '$(ID)') \
	  $(if $(TIME),--time '$(TIME)') $(if $(VALUE),--value '$(VALUE)')
	dvc repro 'plot@$(TASK)'
	@python -m rnnlab report

# What comes after the data: make forecast CSV=mine.csv PERIOD=12 HORIZON=24; the airline's without.
forecast: $(INSTALLED)
	@python -m rnnlab forecast $(if $(CSV),--csv '$(CSV)') $(if $(PERIOD),--period $(PERIOD)) \
	  $(if $(HORIZON),--horizon $(HORIZON)) $(if $(ID),--id '$(ID)') \
	  $(if $(TIME),--time '$(TIME)') $(if $(VALUE),--value '$(VALUE)')

# The tutorial's settings on an honest split, beside the workspace, which stays as it is.
tutorial-mnist: needs-git environment
	python -m benchmarks.named_set $@ --temp --target plot@mnist
	dvc metrics diff HEAD $@ --targets metrics/mnist/metrics.json

tutorial-airline: needs-git environment
	python -m benchmarks.named_set $@ --temp --target plot@airline
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
	  print(*p['project']['dependencies'], *p['dependency-groups']['dev'], sep='\n')" > .venv/wanted
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
