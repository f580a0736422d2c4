# SPDX-License-Identifier: Apache-2.0
# Makefile - a thin front to CMake: `make demo` reads the sample words, `make test` runs every test.
.DEFAULT_GOAL := help
# One target after the other, whatever -j says: two would call apt-get at once. JOBS is for what a target does.
.NOTPARALLEL:
.PHONY: help demo test build models parity precision bench asan tsan install clean packages test-packages venv wheel
.PHONY: test-models test-easyocr dist deb check-deb train keep-model samples train-packages soak
.PHONY: fuzz coverage check-processors check-all clang ref-only

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
PYTHON ?= python3
FUZZ_SECONDS ?= 10
MAKEFLAGS += --no-print-directory
BUILD := cmake --build --parallel $(JOBS) --preset
CTEST := ctest --parallel $(JOBS) --output-on-failure

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## read the sample words of data/ with the default model
	build/release/strdemo data/

test: test-packages venv test-models asan ## run every test
	cmake --preset test
	$(BUILD) test
	$(CTEST) --preset test
	@scripts/report_tiers.sh build/test

build: packages ## build the library and the programs, optimised, in build/release
	cmake --preset release
	$(BUILD) release

models: packages ## fetch english_g2 into models/
	@$(PYTHON) scripts/fetch_english_g2.py

parity: test-packages venv models ## compare with PyTorch on 1,000 rendered words; writes docs/PARITY.md
	cmake --preset test
	$(BUILD) test --target trba_testing
	.venv/bin/python tests/parity/run_parity.py --library build/test/libtrba_testing.so --output docs/PARITY.md

precision: test-packages venv models ## hold int16, bf16 against fp32: docs/PRECISION.md (PRECISION="--real FOLDER")
	cmake --preset test
	$(BUILD) test --target trba_testing
	.venv/bin/python tests/parity/run_precision.py --library build/test/libtrba_testing.so \
		--output docs/PRECISION.md $(PRECISION)

bench: build models ## measure against PyTorch, ONNX Runtime, OpenVINO and ncnn (BENCH=--quick: 2 minutes)
	cmake --preset release -DTRBA_BUILD_BENCH=ON
	$(BUILD) release
	@PYTHON=$(PYTHON) scripts/make_venv.sh .venv-bench bench/requirements.txt
	.venv-bench/bin/python bench/run_bench.py --build build/release --output build/bench $(BENCH)

train: train-packages ## train the default model in build/train, or go on (TRAIN="--minutes 60 --real FOLDER")
	.venv-training/bin/python training/train.py --run build/train $(TRAIN)

keep-model: build ## put what make train has exported so far into models/, and what make demo prints into README.md
	cp build/train/trba.pth build/train/trba-ctc.pth build/train/trba-progress.json models/
	cd models && sha256sum trba.pth trba-ctc.pth >SHA256SUMS
	@$(PYTHON) scripts/update_readme.py build/release/strdemo

samples: train-packages ## draw a page of what is trained on, build/samples.png
	mkdir -p build
	.venv-training/bin/python training/draw_samples.py build/samples.png --labels

test-easyocr: packages ## hold trba.easyocr against EasyOCR itself (6 GB in .venv-easyocr)
	@PYTHON=$(PYTHON) scripts/make_venv.sh .venv-easyocr tests/drop_in/requirements.txt
	.venv-easyocr/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .
	.venv-easyocr/bin/python -m pytest -q -rs -p no:cacheprovider tests/drop_in
	.venv-easyocr/bin/python tests/drop_in/measure_speed.py

soak: test-packages venv ## read 200,000 images, watching memory, descriptors and threads; writes docs/SOAK.md
	cmake --preset test
	$(BUILD) test --target soak
	.venv/bin/python tests/soak/run_soak.py --program build/test/soak --output docs/SOAK.md

asan: test-packages venv ## run the unit and hostile-file tests under AddressSanitizer and UBSan
	cmake --preset asan
	$(BUILD) asan
	$(CTEST) --preset asan

clang: ## build with Clang, warnings are errors, and run the tests in C
	@scripts/install_debian_packages.sh clang
	cmake --preset clang
	$(BUILD) clang
	$(CTEST) --preset clang

ref-only: test-packages venv test-models ## build without AVX2 and AVX-512, and run every test
	cmake --preset ref-only
	$(BUILD) ref-only
	$(CTEST) --preset ref-only

check-all: ## everything there is to check, in its long form: hours (STEPS="clang deb": only these)
	@$(PYTHON) scripts/check_all.py $(STEPS)

check-processors: ## build for aarch64 and big-endian s390x, run the tests in C there, in an emulator
	@JOBS=$(JOBS) scripts/check_other_processors.sh

tsan: test-packages venv ## run the unit tests under ThreadSanitizer
	cmake --preset tsan
	$(BUILD) tsan
	$(CTEST) --preset tsan

fuzz: test-packages venv ## run every fuzz target for FUZZ_SECONDS (10) with libFuzzer and the sanitizers
	@scripts/install_debian_packages.sh fuzz
	cmake --preset fuzz
	$(BUILD) fuzz
	.venv/bin/python tests/fuzz/run_fuzz.py build/fuzz --seconds $(FUZZ_SECONDS)

coverage: test-packages venv ## run the tests of the readers, count their lines; fails under 95 %
	@scripts/install_debian_packages.sh coverage
	cmake --preset coverage
	$(BUILD) coverage
	find build/coverage -name '*.gcda' -delete
	$(CTEST) --preset coverage
	@scripts/measure_coverage.sh build/coverage

install: build ## install the release build under PREFIX (/usr/local)
	cmake --install build/release --prefix "$(PREFIX)"
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi # or programs do not find libtrba.so

wheel: test-packages ## build the Python package with all its C libraries, in dist/
	@PYTHON=$(PYTHON) scripts/make_wheel.sh

dist: ## pack the committed source tree as dist/trba-VERSION.tar.gz
	@scripts/make_dist.sh

deb: ## build Debian packages of library, headers and programs, in dist/
	@scripts/install_debian_packages.sh deb
	cmake --preset debian
	$(BUILD) debian
	rm -f dist/*.deb
	cpack --preset debian
	rm -rf dist/_CPack_Packages

check-deb: deb ## install and use the packages in a clean Debian, as root (500 MB in /tmp)
	scripts/check_debian_package.sh

clean: ## remove build/ (the virtual environment and the models stay)
	rm -rf build

# What the targets above stand on; each does nothing when it is done already.
packages:
	@scripts/install_debian_packages.sh
test-packages:
	@scripts/install_debian_packages.sh test
# Without english_g2 its tests are skipped, and say so.
test-models: packages
	@$(PYTHON) scripts/fetch_english_g2.py || echo "Going on without english_g2: the tests that read with it are skipped"
train-packages:
	@scripts/install_debian_packages.sh training
	@PYTHON=$(PYTHON) scripts/make_venv.sh .venv-training training/requirements.txt
venv: test-packages
	@PYTHON=$(PYTHON) scripts/make_venv.sh
