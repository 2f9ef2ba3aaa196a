# SPDX-License-Identifier: Apache-2.0
#
# Two commands matter: `make notebooks` and `make test`. Both need only Go (1.21
# or later, which fetches the toolchain named here), Python 3.11 or later and
# npm, and make everything else inside the checkout.
#
# A path may have spaces, at which make's functions, targets and prerequisites
# end a word. So a target is a path relative to the checkout, and every other path
# reaches a recipe in single quotes ($(call quote,...)) or as a variable of the
# environment. internal/maketest runs each target in a folder with spaces.

SHELL := bash
quote = '$(subst ','\'',$(1))'

# `make -f checkout/Makefile` makes its goals in the checkout. The relative paths
# that a user gives begin in the folder where make was called.
from := $(CURDIR)
elsewhere := $(shell file=$(call quote,$(MAKEFILE_LIST)); folder=$$(dirname -- "$${file/\# /}"); \
	[ . -ef "$$folder" ] || printf %s "$$folder")
ifneq ($(elsewhere),)
.PHONY: $(MAKECMDGOALS) in-checkout
$(or $(MAKECMDGOALS),help): in-checkout ; @:
in-checkout:
	@$(MAKE) --no-print-directory -C $(call quote,$(elsewhere)) from=$(call quote,$(subst $$,$$$$,$(CURDIR))) $(MAKECMDGOALS)
else

# The toolchain is named because a machine may be set to `local`, and because
# GoNB's go.work says only `go 1.27`: under `auto` cells would be compiled with
# go1.27.0. Each toolchain and each GOEXPERIMENT has a build cache of its own,
# so the programs, the tests and the kernel share these settings.
export GOTOOLCHAIN := go1.27.4
export GOEXPERIMENT := simd
export GOFLAGS := -buildvcs=false
# Without cgo a cell is linked a sixth faster. XLA and the race detector need it.
export CGO_ENABLED := 0
# Scripts that import one another leave nothing beside them.
export PYTHONDONTWRITEBYTECODE := 1

# Programs run in other folders than make, notebooks in their own, so each path
# that a user gives is made absolute: `override` does so also for a variable of
# make's command line. Make expands a $ on its command line, and none that the
# environment holds.
given = $(if $(filter environment,$(origin $(1))),$(value $(1)),$($(1)))
path = $(if $(call given,$(1)),$(shell bash scripts/path.sh $(call quote,$(from)) $(call quote,$(call given,$(1))) $(2)))
# The name of a file that exists is one word of the shell; else there may be several.
shell_words = $(if $(shell [ -e $(call quote,$(1)) ] && echo exists),$(call quote,$(1)),$(1))

# A class without a network has a bundle (make bundle).
override BUNDLE := $(call path,BUNDLE)

echarts := build/echarts/echarts.min.js
override TRIOVIT_MODEL := $(call path,TRIOVIT_MODEL,name)
override TRIOVIT_DATA := $(call path,TRIOVIT_DATA)
override TRIOVIT_CLASS_ORDER := $(call path,TRIOVIT_CLASS_ORDER,name)
override TRIOVIT_SHARED := $(or $(call path,TRIOVIT_SHARED),$(CURDIR)/../shared)
override TRIOVIT_ECHARTS := $(or $(call path,TRIOVIT_ECHARTS),$(if $(BUNDLE),$(BUNDLE)/echarts.min.js),$(CURDIR)/$(echarts))
# Results of stages stay inside the checkout; two checkouts share none.
override TRIOVIT_CACHE := $(or $(call path,TRIOVIT_CACHE),$(CURDIR)/.cache)
export TRIOVIT_MODEL TRIOVIT_DATA TRIOVIT_CLASS_ORDER TRIOVIT_SHARED TRIOVIT_ECHARTS TRIOVIT_CACHE
# Package hub reads these, and expands a variable that they begin with.
$(foreach v,HF_HOME HF_HUB_CACHE HUGGINGFACE_HUB_CACHE HF_TOKEN_PATH, \
	$(if $(filter-out $$%,$(call given,$(v))),$(eval override $(v) := $$(call path,$(v)))$(eval export $(v))))

# Conda users: make ... VENV=$CONDA_PREFIX
override VENV := $(or $(call path,VENV),.venv)
override PYTHON := $(or $(call shell_words,$(call path,PYTHON,name)),python3)
# Go and pip then ask no host. Both take a folder as a URL, which has no spaces.
ifneq ($(BUNDLE),)
bundle_url := $(shell $(PYTHON) -c 'import pathlib, sys; print(pathlib.Path(sys.argv[1]).as_uri())' $(call quote,$(BUNDLE)))
export GOPROXY := $(bundle_url)/go/cache/download
export GOSUMDB := off
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := $(bundle_url)/wheels
endif
override NOTEBOOKS := $(or $(call shell_words,$(call given,NOTEBOOKS)),notebooks/*.ipynb)
KERNEL ?= gotriovit
LAB_FLAGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)
PACKAGES ?= ./...
TEST_FLAGS ?= -timeout 20m
BENCH ?= .
FUZZTIME ?= 10s
FUZZJOBS ?= 2

python := $(call quote,$(VENV)/bin/python)
tools_ready := .bin/.ready
# A file of the user's own is not made.
echarts_ready := $(if $(subst $(CURDIR)/$(echarts),,$(TRIOVIT_ECHARTS)),,$(echarts))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-11s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  TRIOVIT_MODEL=...    a checkpoint, or its name on the Hugging Face hub, instead of the built-in model"
	@echo "  TRIOVIT_DATA=folder  the pictures that go with it"
	@echo "  TRIOVIT_WEIGHTS, TRIOVIT_CLASS_ORDER, TRIOVIT_PREPROCESS  how both are read: docs/DATA.md"
	@echo "  TRIOVIT_SHARED=...   the reference data of the tests (default ../shared)"
	@echo "  KERNEL=gotriovit-xla  execute notebooks on XLA (make xla first)"
	@echo "  NOTEBOOKS=...  PACKAGES=...  narrow a run, e.g. make test PACKAGES=./calib/..."

# --- The main job: executed notebooks ---------------------------------------

.PHONY: notebooks
notebooks: kernel ## execute every notebook and write build/notebooks/*.html
	@$(python) scripts/run_notebooks.py $(KERNEL) build/notebooks $(NOTEBOOKS)

# The student's version has starters in the place of solutions; grade runs one that was
# handed in, with a hidden seed if one is given, and fails where an exercise does not pass.
override DIR := $(or $(call path,DIR),build/student)
override NOTEBOOK := $(call path,NOTEBOOK)

.PHONY: student
student: ## write the notebooks without solutions: make student DIR=folder
	@$(PYTHON) scripts/lesson.py student $(call quote,$(DIR)) $(NOTEBOOKS)

.PHONY: grade
grade: kernel ## grade one that was handed in: make grade NOTEBOOK=file SEED=secret
	@TRIOVIT_EXERCISE_SEED=$(call quote,$(call given,SEED)) $(python) scripts/lesson.py grade $(KERNEL) build/grade $(call quote,$(NOTEBOOK))

# For this system and this Python: Go's modules as a proxy has them, without those that Go
# unpacks beside them, its toolchain where the installed Go is another, Python's wheels,
# and ECharts.
.PHONY: bundle
bundle: python $(echarts) ## pack what a class without a network needs, build/bundle; make lab BUNDLE=folder takes it
	rm -rf build/bundle
	@mkdir -p build/bundle/go build/bundle/wheels
	GOMODCACHE=$(call quote,$(CURDIR)/build/bundle/go) GOFLAGS=-modcacherw go mod download
	@find build/bundle/go -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +
	$(python) -m pip download --quiet --disable-pip-version-check --no-deps --dest build/bundle/wheels -r build/requirements.txt
	@cp $(echarts) build/bundle/
	tar -czf build/bundle.tar.gz -C build bundle

.PHONY: lab
lab: kernel ## open JupyterLab on the kernel "Go (Trio-ViT)"
	$(python) -m jupyterlab notebooks $(LAB_FLAGS)

# Packages of GoNB that cells import.
gonbui := $(addprefix github.com/janpfeifer/gonb/,gonbui gonbui/comms gonbui/dom gonbui/widgets)

# The kernelspec holds absolute paths, so it is written anew each time: a
# checkout that moved stays right. The build fills the cache that cells use; a
# cell's go.work looks into every module of go.mod, also those that no package
# needs, and the kernel downloads nothing, so all have to be there. GoNB runs the
# goimports of .bin for each cell: this module's, which finds its own packages at once.
.PHONY: kernel
kernel: python $(tools_ready) $(echarts_ready) ## make the kernel and fill its build cache
	@$(python) scripts/kernelspec.py $(call quote,$(VENV)) GOTOOLCHAIN GOEXPERIMENT GOFLAGS CGO_ENABLED TRIOVIT_ECHARTS TRIOVIT_CACHE $(if $(BUNDLE),GOPROXY GOSUMDB)
	@go mod download
	@go build -o .bin/goimports ./cmd/cellimports
	@go build ./... $(gonbui)

# --- XLA, several times as fast as the Go backend -------------------------------

# The plug-in is opened at run time, so only what is built with the tag xla, by
# a C compiler, can use it. The kernelspec for XLA is written where the plug-in is.
xla_plugin := build/xla/lammps_jax_pjrt_cpu
xla_run := CGO_ENABLED=1 TRIOVIT_BACKEND=xla PJRT_PLUGIN_LIBRARY_PATH=$(call quote,$(CURDIR)/$(xla_plugin))
XLA_PACKAGES ?= ./internal/platform ./triovit/forward ./triovit/forward/intgraph ./calib ./calib/frozentest

.PHONY: xla
xla: $(xla_plugin)/.ready kernel ## fetch XLA (63 MB, Linux on x86-64), make the kernel "Go (Trio-ViT, XLA)"
	CGO_ENABLED=1 go build -tags=xla ./... $(gonbui)
	@echo "XLA is ready: the kernel \"Go (Trio-ViT, XLA)\", or from a shell"
	@printf '  export %s\n' $(call quote,$(xla_run))
	@echo "  go run -tags=xla ./cmd/triovit ladder"

$(xla_plugin)/.ready: requirements-xla.txt | python
	$(python) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade \
		--target build/xla -r $<
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

# The environment keeps the list that was installed in it: it may lie anywhere, so
# it is no target.
.PHONY: python
python: build/requirements.txt
	@cmp -s $< $(call quote,$(VENV)/.gotriovit) || { set -ex; \
		$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"{sys.executable} is Python {v.major}.{v.minor}; 3.11 or later is needed: make PYTHON=...")'; \
		[ -x $(python) ] || $(PYTHON) -m venv $(call quote,$(VENV)); \
		$(python) -m pip install --quiet --disable-pip-version-check --no-deps -r $<; \
		$(python) -m pip check; \
		cp $< $(call quote,$(VENV)/.gotriovit); }

$(tools_ready): go.mod go.sum
	@echo "Compiling takes some minutes the first time."
	GOBIN=$(call quote,$(CURDIR)/.bin) go install tool
	@touch $@

# Figures are drawn by ECharts itself, in the tests too, and without a network.
$(echarts): package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund
	@mkdir -p $(@D)
	@cp node_modules/echarts/dist/echarts.min.js $@
	@touch $@

# --- Tests --------------------------------------------------------------------

# The manifest's test is a module of its own: nothing else needs Kubernetes' types.
manifests := deploy/k8s
everything := $(filter ./...,$(PACKAGES))

# One of the tests runs every notebook on the kernel, in a browser that a package of
# npm's drives: it comes with ECharts.
.PHONY: test
test: kernel $(echarts) ## run all tests; the run ends with the count of skips
	TRIOVIT_PYTHON=$$(cd $(call quote,$(VENV)) && pwd)/bin/python go run ./cmd/testsummary $(TEST_FLAGS) $(PACKAGES)
	$(if $(everything),go test -C $(manifests) ./...)

# GoMLX's packing of matrices reads behind a slice, which the race detector's check of
# pointers takes for an error. XLA's plug-in aborts under the detector.
.PHONY: race
race: $(echarts_ready) ## run under the race detector what several goroutines share
	CGO_ENABLED=1 go test -race -short -shuffle=on ./internal/cache ./internal/progress ./triovit/hub ./triovit/dataset ./triovit/integer/fast ./hwsim/explore ./hwsim/event
	CGO_ENABLED=1 go test -race -short -shuffle=on -run TestConformance ./hwsim/engine -rapid.checks=10
	CGO_ENABLED=1 go test -race -short -shuffle=on -gcflags=all=-d=checkptr=0 -run "Concurrently|Together|TestEvaluate|TestConformance|TestQuantizedKeepsItsModel" ./triovit ./triovit/forward/... ./calib

.PHONY: lint
lint: $(tools_ready) ## format, vet, staticcheck, notebooks without outputs
	@unformatted=$$(find ./* \( -path ./build -o -path ./node_modules \) -prune -o -name '*.go' -exec "$$(go env GOROOT)/bin/gofmt" -l {} +); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi >&2
	go vet $(PACKAGES)
	.bin/staticcheck $(PACKAGES)
	$(if $(everything),go vet -C $(manifests) ./... && cd $(manifests) && ../../.bin/staticcheck ./...)
	$(PYTHON) scripts/check_notebooks.py $(NOTEBOOKS)

.PHONY: check
check: lint $(echarts_ready) ## lint and short tests: what to run before every commit
	go run ./cmd/testsummary -short $(PACKAGES)

.PHONY: strip
strip: ## remove outputs and counts from the notebooks
	$(PYTHON) scripts/check_notebooks.py --strip $(NOTEBOOKS)

# Without cgo, as a machine without a C compiler builds it. Whether it compiles
# is the question, so the compiler spends no time on optimizing.
CROSS ?= linux/arm64 darwin/arm64 windows/amd64
.PHONY: cross
cross: ## compile for Linux, macOS and Windows without cgo
	go build ./...
	@set -e; for target in $(CROSS); do \
		echo "$$target"; \
		GOOS=$${target%/*} GOARCH=$${target#*/} go build -gcflags="all=-N -l" ./...; \
	done

# The packages that compute with integers are tested on processors with other vectors, with
# an int of 32 bits (386), and without the experiment that has Go's vectors. GoMLX does not
# compile for 386. A test in WebAssembly cannot start another program: TestLight is left out.
PORTABLE := ./triovit/grid ./triovit/integer/... ./internal/atomicfile ./internal/regular
emulated = PATH=$(call quote,$(CURDIR)/scripts):"$$PATH" GOARCH=$(1) go test -short -timeout 10m -exec "emulate.sh qemu-$(2)-static" $(PORTABLE)

.PHONY: emulated
emulated: ## test the integers on 386, arm64 (qemu-user-static) and WebAssembly (Node.js), and without GOEXPERIMENT
	GOEXPERIMENT= go test -short $(PORTABLE)
	$(call emulated,386,i386)
	$(call emulated,arm64,aarch64)
	GOOS=js GOARCH=wasm PATH="$$(go env GOROOT)/lib/wasm:$$PATH" go test -short -skip TestLight ./triovit/integer/fast ./triovit/integer/internal/kernel

.PHONY: benchmarks
benchmarks: $(echarts_ready) ## run the benchmarks of the packages; BENCH=regexp narrows
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGES)

# Whatever is installed takes part. The first of OpenVINO in 8 bits, PyTorch and the Go
# backend is the reference of the ratios. timm's B1 is the control that our walk of the
# operations in PyTorch is no slower than modules. PyTorch's packages are several GB and in
# an environment of their own. By AVX2 ONNX Runtime in 8 bits is the reference.
ROUNDS ?= 20
CORES ?= 0
networks := build/bench/networks
peer_torch := build/pytorch/bin/python scripts/peer_torch.py $(networks)
peer_runtimes := build/peers/bin/python scripts/peer_runtimes.py $(networks)
as_avx2 := build/bench/avx2
peer_avx2 := PYTHONPATH=$(as_avx2) LD_PRELOAD=$(as_avx2)/as_avx2.so $(peer_runtimes)

.PHONY: bench
bench: ## time integers, both backends and their peers, as far as installed, in interleaved rounds (ROUNDS=20, CORES=all)
	go build -o build/bench/go ./cmd/benchforward
	go build -o build/bench/integers ./cmd/benchinteger
	build/bench/go $(networks)
	@$(if $(bench_xla),set -x; CGO_ENABLED=1 go build -tags=xla -o build/bench/xla ./cmd/benchforward,echo "XLA is left out: make xla fetches it")
	@$(if $(bench_runtimes),set -x; $(peer_runtimes),echo "ONNX Runtime and OpenVINO are left out: make peers installs them")
	@$(if $(bench_runtimes),$(if $(bench_avx2),$(MAKE) --no-print-directory $(as_avx2)/.ready,echo "ONNX Runtime and OpenVINO by AVX2 are left out: they want Linux on x86-64, cc and objdump"))
	@$(if $(bench_torch),,echo "PyTorch is left out: make pytorch installs it")
	$(PYTHON) scripts/bench.py build/bench/times.json $(ROUNDS) $(CORES) \
		$(if $(bench_runtimes),"OpenVINO int8=$(peer_runtimes) openvino int8") \
		$(if $(bench_torch),"PyTorch=$(peer_torch)") \
		"Go=TRIOVIT_BACKEND=go build/bench/go" \
		"integers=build/bench/integers $(networks)" \
		"integers by AVX2$(if $(bench_avx2), / $(avx2_reference))=TRIOVIT_KERNEL=avx2 build/bench/integers $(networks)" \
		$(if $(bench_avx2),"$(avx2_reference)=$(peer_avx2) onnxruntime int8 avx2" \
			"OpenVINO int8 by AVX2 / $(avx2_reference)=$(peer_avx2) openvino int8 avx2") \
		$(if $(bench_xla),$(call quote,XLA=$(xla_run) build/bench/xla)) \
		$(if $(bench_runtimes),"OpenVINO fp32=$(peer_runtimes) openvino fp32" \
			"ONNX Runtime int8=$(peer_runtimes) onnxruntime int8" "ONNX Runtime fp32=$(peer_runtimes) onnxruntime fp32") \
		$(if $(bench_torch),"timm=$(peer_torch) timm")
$(as_avx2)/.ready: build/peers/.ready scripts/as_avx2.py scripts/as_avx2.c
	build/peers/bin/python scripts/as_avx2.py $(as_avx2)
	@touch $@
bench_xla = $(wildcard $(xla_plugin)/.ready)
bench_torch = $(wildcard build/pytorch/.ready)
bench_runtimes = $(wildcard build/peers/.ready)
bench_avx2 = $(and $(bench_runtimes),$(filter Linux-x86_64,$(shell uname -sm | tr ' ' -)),$(shell command -v cc),$(shell command -v objdump))
avx2_reference := ONNX Runtime int8 by AVX2

.PHONY: peers
peers: build/peers/.ready ## install ONNX Runtime and OpenVINO for bench (640 MB)

.PHONY: pytorch
pytorch: build/pytorch/.ready ## install PyTorch and timm for bench (several GB)

.PHONY: onnxruntime
onnxruntime: build/onnxruntime/.ready ## install ONNX Runtime, in which tests run exported models (180 MB)

# A virtual environment of its own for each list.
build/%/.ready: requirements-%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	$(@D)/bin/python -m pip check
	@touch $@

# go test fuzzes one target of one package at a time, so FUZZJOBS of them run
# side by side. Minimizing an input is bounded too: by default each takes up to a
# minute beyond FUZZTIME.
.PHONY: fuzz
fuzz: $(echarts_ready) ## fuzz whatever reads files, each target for FUZZTIME (10s)
	@set -o pipefail; go test -list '^Fuzz' $(PACKAGES) \
	| awk '/^Fuzz/{name[++n]=$$1} /^ok/{for(i=1;i<=n;i++) print $$2, name[i]; n=0}' \
	| xargs -P $(FUZZJOBS) -n 2 bash -c 'go test -run "^$$" -fuzz "^$$1\$$" \
		-fuzztime $(FUZZTIME) -fuzzminimizetime 50x -parallel 1 "$$0"'

# --- Programs whose results are in the repository -----------------------------

.PHONY: train
train: ## train the next built-in model (two hours on XLA and two cores, a day without; resumes)
	$(if $(bench_xla),$(xla_run)) go run $(if $(bench_xla),-tags=xla) ./cmd/trainbuiltin

# The README's tables and figure: the built-in model always, the real checkpoints where the
# reference data is. Everything is cached, so an interrupted run goes on.
ladder_of = go run ./cmd/triovit ladder -out build/ladder/$(1) $(2)
shared_data := "$$TRIOVIT_SHARED"/data
seg_b0_weights := $(shared_data)/weights/efficientvit_seg_b0_cityscapes.pt
seg_b0 := -model $(seg_b0_weights) -data $(shared_data)/camvid
cls_b0 := -model $(shared_data)/weights/efficientvit_b0_tiny_imagenet_r128.pt -data $(shared_data)/tiny-imagenet

.PHONY: ladder
ladder: $(echarts_ready) ## score every recipe on all pictures, by integers too (half an hour on XLA), and write build/ladder
	$(call ladder_of,seg-b0-scenes,)
	$(call ladder_of,seg-b0-scenes-integers,-integers)
	@if [ ! -d $(shared_data) ]; then echo $(shared_data)" is absent: no ladder of a real checkpoint"; fi
	@if [ -d $(shared_data) ]; then set -ex; \
		$(call ladder_of,seg-b0-camvid,$(seg_b0)); \
		cp build/ladder/seg-b0-camvid/ladder.svg docs/; \
		$(call ladder_of,b0-tiny-imagenet,$(cls_b0)); \
		$(call ladder_of,seg-b0-camvid-integers,-integers $(seg_b0)); \
		$(call ladder_of,b0-tiny-imagenet-integers,-integers $(cls_b0)); \
		$(call ladder_of,seg-b0-camvid-costs,-costs $(seg_b0)); \
		$(call ladder_of,b0-tiny-imagenet-costs,-costs $(cls_b0)); \
	fi

# Names of recipes have spaces, and commas between them.
searched := -recipes "TrioViTPlus by L2.4 search,TrioViTPlus by affine L2.4 search,TrioViTPlus by OMSE,TrioViTPlus by percentile 99.99,TrioViTPlus by entropy,TrioViTPlus by EMA,TrioViT by L2.4 search"

.PHONY: observers
observers: $(echarts_ready) ## score TrioViTPlus by every observer on the real checkpoints' pictures and write build/ladder
	$(call ladder_of,seg-b0-camvid-observers,$(searched) $(seg_b0))
	$(call ladder_of,b0-tiny-imagenet-observers,$(searched) $(cls_b0))

# Each folder has one drive to score on and pictures of the two others to calibrate on.
.PHONY: drives
drives: $(echarts_ready) ## score recipes on drives that calibration never saw and write build/ladder
	@set -ex; for drive in 0001TP 0006R0 0016E5; do \
		$(call ladder_of,seg-b0-drive-$$drive,$(unseen) -model $(seg_b0_weights) -data $(shared_data)/camvid-drives/$$drive); \
	done
unseen := -recipes "MBConv,TrioViTPlus,TrioViTPlus by EMA,TrioViTPlus by OMSE,TrioViTPlus by percentile 99.99,TrioViTPlus by L2.4 search"

# On XLA: five minutes for each network of segmentation, four for each classifier.
.PHONY: reconstructions
reconstructions: ## learn roundings on the real checkpoints, score them and write build/reconstruct
	@set -ex; mkdir -p build/reconstruct; \
	for drive in 0001TP 0006R0 0016E5; do \
		$(call learned,seg-b0-drive-$$drive,$(plus) -model $(seg_b0_weights) -data $(shared_data)/camvid-drives/$$drive); \
	done; \
	$(call learned,seg-b0-drive-0001TP-light,$(plus) -exposure 1 -model $(seg_b0_weights) -data $(shared_data)/camvid-drives/0001TP); \
	for bits in "8 8" "6 6" "4 8"; do set -- $$bits; \
		$(call learned,seg-b0-camvid-W$$1A$$2,$(plus) $(seg_b0) -weight-bits $$1 -activation-bits $$2); \
		$(call learned,b0-tiny-imagenet-W$$1A$$2,-recipe TrioViTPlus $(cls_b0) -weight-bits $$1 -activation-bits $$2); \
	done; \
	$(call learned,seg-b0-camvid-integers,$(seg_b0)); \
	$(call learned,b0-tiny-imagenet-integers,$(cls_b0))
plus := -recipe "TrioViTPlus by L2.4 search"
# learned is the command whose text has a name: reconstruct with these flags, and score.
learned = $(if $(bench_xla),$(xla_run)) go run $(if $(bench_xla),-tags=xla) ./cmd/triovit reconstruct -score -steps 400 $2 > build/reconstruct/$1.txt

.PHONY: clean
clean: ## remove what runs wrote; distclean also the environment, tools and cached stages
	rm -rf build

.PHONY: distclean
distclean: clean
	rm -rf .venv .bin .cache node_modules

endif # make -f
