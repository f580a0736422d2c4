# SPDX-License-Identifier: Apache-2.0
# Makefile - a thin front to CMake: `make demo` reads the sample words, `make test` runs every test.
.DEFAULT_GOAL := help
.PHONY: help demo test build models parity bench asan tsan install clean debian-packages

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
CMAKE_BUILD = cmake --build --parallel $(JOBS) --preset

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: debian-packages ## the library and the programs, optimised, in build/release
	cmake --preset release
	$(CMAKE_BUILD) release

install: build ## the release build to PREFIX (/usr/local)
	cmake --install build/release --prefix $(PREFIX)

clean: ## remove build/ (the virtual environment and the models stay)
	rm -rf build
