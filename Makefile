# SPDX-License-Identifier: Apache-2.0
#
# Two commands matter: `make notebooks` and `make test`. Both need only Go (1.21
# or later, which fetches the toolchain named here), Python 3.11 or later and
# npm, and make everything else inside the checkout.

SHELL := bash

# The toolchain is named because a machine may be set to `local`, and because
# GoNB's go.work says only `go 1.27`: under `auto` cells would be compiled with
# go1.27.0. Each toolchain and each GOEXPERIMENT has a build cache of its own,
# so the programs, the tests and the kernel share these settings.
export GOTOOLCHAIN := go1.27.4
export GOEXPERIMENT := simd
export GOFLAGS := -buildvcs=false
export TRIOVIT_ECHARTS := $(CURDIR)/build/echarts/echarts.min.js
# Results of stages stay inside the checkout; two checkouts share none.
export TRIOVIT_CACHE ?= $(CURDIR)/.cache

PYTHON ?= python3
# Conda users: make ... VENV=$CONDA_PREFIX
VENV ?= .venv
KERNEL ?= gotriovit
NOTEBOOKS ?= $(sort $(wildcard notebooks/*.ipynb))
LAB_FLAGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)
PACKAGES ?= ./...
TEST_FLAGS ?= -timeout 20m
BENCH ?= .
FUZZTIME ?= 10s
FUZZJOBS ?= 2

# Notebooks run in their own folder, so a relative path given on the command
# line is made absolute. A built-in name is no path and stays as it is.
define absolute
ifneq ($$(wildcard $$($(1))),)
export $(1) := $$(abspath $$($(1)))
endif
endef
$(foreach v,TRIOVIT_MODEL TRIOVIT_DATA TRIOVIT_SHARED,$(eval $(call absolute,$(v))))

python := $(VENV)/bin/python
python_ready := $(VENV)/.gotriovit
tools_ready := .bin/.ready

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  TRIOVIT_MODEL=...    a checkpoint, or its name on the Hugging Face hub, instead of the built-in model"
	@echo "  TRIOVIT_DATA=folder  the pictures that go with it"
	@echo "  TRIOVIT_SHARED=...   the reference data of the tests (default ../shared)"
	@echo "  KERNEL=gotriovit-xla  execute notebooks on XLA (make xla first)"
	@echo "  NOTEBOOKS=...  PACKAGES=...  narrow a run, e.g. make test PACKAGES=./calib/..."

# --- The main job: executed notebooks ---------------------------------------

.PHONY: notebooks
notebooks: kernel ## execute every notebook and write build/notebooks/*.html
	@$(python) scripts/run_notebooks.py $(KERNEL) build/notebooks $(NOTEBOOKS)

.PHONY: lab
lab: kernel ## open JupyterLab on the kernel "Go (Trio-ViT)"
	$(python) -m jupyterlab notebooks $(LAB_FLAGS)

# The kernelspec holds absolute paths, so it is written anew each time: a
# checkout that moved stays right. The build fills the cache that cells use; a
# cell's go.work looks into every module of go.mod, also those that no package
# needs, and the kernel downloads nothing, so all have to be there.
.PHONY: kernel
kernel: $(python_ready) $(tools_ready) $(TRIOVIT_ECHARTS) ## make the kernel and fill its build cache
	@$(python) scripts/kernelspec.py "$(CURDIR)" "$(VENV)" \
		$(foreach v,GOTOOLCHAIN GOEXPERIMENT GOFLAGS TRIOVIT_ECHARTS TRIOVIT_CACHE,"$(v)=$($(v))")
	@go mod download
	@go build ./... $(addprefix github.com/janpfeifer/gonb/,gonbui gonbui/comms gonbui/dom gonbui/widgets)

# --- XLA, several times as fast as the Go backend -------------------------------

# The plug-in is opened at run time, so only what is built with the tag xla, by
# a C compiler, can use it. The kernelspec for XLA is written where the plug-in is.
xla_plugin := $(CURDIR)/build/xla/lammps_jax_pjrt_cpu
xla_run := TRIOVIT_BACKEND=xla PJRT_PLUGIN_LIBRARY_PATH=$(xla_plugin)
XLA_PACKAGES ?= ./internal/platform ./triovit/forward ./calib

.PHONY: xla
xla: $(xla_plugin)/.ready kernel ## fetch XLA (63 MB, Linux on x86-64), make the kernel "Go (Trio-ViT, XLA)"
	go build -tags=xla ./...
	@echo "XLA is ready: the kernel \"Go (Trio-ViT, XLA)\", or from a shell"
	@echo "  export $(xla_run)"
	@echo "  go run -tags=xla ./cmd/triovit ladder"

$(xla_plugin)/.ready: requirements-xla.txt $(python_ready)
	$(python) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade \
		--target $(dir $(patsubst %/,%,$(dir $@))) -r $<
	@touch $@

# What TestKilledStages asks of the cache is asked on the Go backend: here each of
# its more than a hundred processes would compile for 12 s.
.PHONY: test-xla
test-xla: $(xla_plugin)/.ready ## run on XLA what the tests hold against the references
	$(xla_run) go run ./cmd/testsummary -tags=xla -skip '^TestKilledStages$$' $(TEST_FLAGS) $(XLA_PACKAGES)

# A line that is not name==version would be installed in some other form than
# the one written, or not at all: it is an error. Nothing floats, because pip
# resolves nothing (--no-deps) and then checks that nothing is missing.
pip_list := /^ *- pip: *$$/,/^[^ \#-]/
pip_pin := ^ \{4,\}- *\([A-Za-z0-9._-]*==[A-Za-z0-9._!+-]*\) *\(\#.*\)\{0,1\}$$

build/requirements.txt: environment.yml
	@mkdir -p $(@D)
	@bad=$$(sed -n '$(pip_list){/^ \{4,\}- /{/$(pip_pin)/!p;};}' $<); \
	if [ -n "$$bad" ]; then echo "$<: not of the form name==version:"; echo "$$bad"; exit 1; fi >&2
	@sed -n '$(pip_list){s/$(pip_pin)/\1/p;}' $< > $@.tmp
	@[ "$$(wc -l < $@.tmp)" -eq "$$(grep -c '^ \{4,\}- ' $<)" ] || \
		{ echo "$<: some lines of the pip list were not read" >&2; exit 1; }
	@mv $@.tmp $@

$(python_ready): build/requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"$(PYTHON) is Python {v.major}.{v.minor}; 3.11 or later is needed: make PYTHON=...")'
	[ -x $(python) ] || $(PYTHON) -m venv $(VENV)
	$(python) -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	$(python) -m pip check
	@touch $@

$(tools_ready): go.mod go.sum
	@echo "Compiling takes some minutes the first time."
	GOBIN="$(CURDIR)/.bin" go install tool
	@touch $@

# Figures are drawn by ECharts itself, in the tests too, and without a network.
$(TRIOVIT_ECHARTS): package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund
	@mkdir -p $(@D)
	@cp node_modules/echarts/dist/echarts.min.js $@
	@touch $@

# --- Tests --------------------------------------------------------------------

# One of the tests runs every notebook in a browser, on the kernel.
.PHONY: test
test: kernel ## run all tests; the run ends with the count of skips
	TRIOVIT_PYTHON="$(abspath $(python))" go run ./cmd/testsummary $(TEST_FLAGS) $(PACKAGES)

.PHONY: lint
lint: $(tools_ready) ## format, vet, staticcheck, notebooks without outputs
	@unformatted=$$("$$(go env GOROOT)/bin/gofmt" -l $(filter-out build/ node_modules/,$(wildcard */))); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi >&2
	go vet $(PACKAGES)
	.bin/staticcheck $(PACKAGES)
	$(PYTHON) scripts/check_notebooks.py $(NOTEBOOKS)

.PHONY: check
check: lint $(TRIOVIT_ECHARTS) ## lint and short tests: what to run before every commit
	go run ./cmd/testsummary -short $(PACKAGES)

.PHONY: strip
strip: ## remove outputs and counts from the notebooks
	$(PYTHON) scripts/check_notebooks.py --strip $(NOTEBOOKS)

# Without cgo, as a machine without a C compiler builds it. Whether it compiles
# is the question, so the compiler spends no time on optimizing.
CROSS ?= linux/arm64 darwin/arm64 windows/amd64
.PHONY: cross
cross: ## compile for Linux, macOS and Windows without cgo
	CGO_ENABLED=0 go build ./...
	@set -e; for target in $(CROSS); do \
		echo "CGO_ENABLED=0 $$target"; \
		CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} go build -gcflags="all=-N -l" ./...; \
	done

.PHONY: benchmarks
benchmarks: $(TRIOVIT_ECHARTS) ## run the benchmarks of the packages; BENCH=regexp narrows
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGES)

# XLA and PyTorch eager take part where they are installed; PyTorch is the
# reference of the ratios, timm's B1 the control that our walk of the operations
# is no slower than modules. PyTorch's packages are several GB and in an
# environment of their own.
ROUNDS ?= 20
CORES ?= 0
peers_python := build/peers/bin/python
peer_torch := $(peers_python) scripts/peer_torch.py build/bench/networks

.PHONY: bench
bench: ## time both backends and PyTorch, as far as installed, in interleaved rounds (ROUNDS=20, CORES=all)
	go build -o build/bench/go ./cmd/benchforward
	build/bench/go build/bench/networks
	@$(if $(bench_xla),set -x; go build -tags=xla -o build/bench/xla ./cmd/benchforward,echo "XLA is left out: make xla fetches it")
	@$(if $(bench_torch),,echo "PyTorch is left out: make peers installs it")
	$(PYTHON) scripts/bench.py build/bench/times.json $(ROUNDS) $(CORES) \
		$(if $(bench_torch),"PyTorch=$(peer_torch)") \
		"Go=TRIOVIT_BACKEND=go build/bench/go" \
		$(if $(bench_xla),"XLA=$(xla_run) build/bench/xla") \
		$(if $(bench_torch),"timm=$(peer_torch) timm")
bench_xla = $(wildcard $(xla_plugin)/.ready)
bench_torch = $(wildcard build/peers/.ready)

.PHONY: peers
peers: build/peers/.ready ## install PyTorch and timm for bench (several GB)

build/peers/.ready: requirements-peers.txt
	$(PYTHON) -m venv build/peers
	$(peers_python) -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	$(peers_python) -m pip check
	@touch $@

# go test fuzzes one target of one package at a time, so FUZZJOBS of them run
# side by side. Minimizing an input is bounded too: by default each takes up to a
# minute beyond FUZZTIME.
.PHONY: fuzz
fuzz: $(TRIOVIT_ECHARTS) ## fuzz whatever reads files, each target for FUZZTIME (10s)
	@set -o pipefail; go test -list '^Fuzz' $(PACKAGES) \
	| awk '/^Fuzz/{name[++n]=$$1} /^ok/{for(i=1;i<=n;i++) print $$2, name[i]; n=0}' \
	| xargs -P $(FUZZJOBS) -n 2 bash -c 'go test -run "^$$" -fuzz "^$$1\$$" \
		-fuzztime $(FUZZTIME) -fuzzminimizetime 50x -parallel 1 "$$0"'

# --- Programs whose results are in the repository -----------------------------

.PHONY: train
train: ## train the built-in model anew (at most 90 minutes on two cores; resumes)
	go run ./cmd/trainbuiltin

# The README's tables and figure: the built-in model always, the real checkpoints where the
# reference data is. Everything is cached, so an interrupted run goes on.
SHARED := $(or $(TRIOVIT_SHARED),../shared)
ladder_of = go run ./cmd/triovit ladder -out build/ladder/$(1) $(2)
seg_b0 := -model $(SHARED)/data/weights/efficientvit_seg_b0_cityscapes.pt -data $(SHARED)/data/camvid
cls_b0 := -model $(SHARED)/data/weights/efficientvit_b0_tiny_imagenet_r128.pt -data $(SHARED)/data/tiny-imagenet

.PHONY: ladder
ladder: $(TRIOVIT_ECHARTS) ## score every recipe on all pictures (half an hour on two cores) and write build/ladder
	$(call ladder_of,seg-b0-scenes,)
	@if [ ! -d "$(SHARED)/data" ]; then echo "$(SHARED)/data is absent: no ladder of a real checkpoint"; fi
	@if [ -d "$(SHARED)/data" ]; then set -ex; \
		$(call ladder_of,seg-b0-camvid,$(seg_b0)); \
		cp build/ladder/seg-b0-camvid/ladder.svg docs/; \
		$(call ladder_of,b0-tiny-imagenet,$(cls_b0)); \
		$(call ladder_of,seg-b0-camvid-costs,-costs $(seg_b0)); \
		$(call ladder_of,b0-tiny-imagenet-costs,-costs $(cls_b0)); \
	fi

# Names of recipes have spaces, and commas between them.
searched := -recipes "TrioViTPlus by L2.4 search,TrioViTPlus by affine L2.4 search,TrioViTPlus by OMSE,TrioViTPlus by percentile 99.99,TrioViTPlus by entropy,TrioViTPlus by EMA,TrioViT by L2.4 search"

.PHONY: observers
observers: $(TRIOVIT_ECHARTS) ## score TrioViTPlus by every observer on the real checkpoints' pictures and write build/ladder
	$(call ladder_of,seg-b0-camvid-observers,$(searched) $(seg_b0))
	$(call ladder_of,b0-tiny-imagenet-observers,$(searched) $(cls_b0))

.PHONY: clean
clean: ## remove what runs wrote; distclean also the environment, tools and cached stages
	rm -rf build

.PHONY: distclean
distclean: clean
	rm -rf .venv .bin .cache node_modules
