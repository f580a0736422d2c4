#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_other_processors.sh - is the C really C? Builds for processors that this one is not, and runs the tests there.
#
#   aarch64     64-bit ARM: `char` has no sign, memory is ordered more loosely
#   s390x       64-bit IBM Z: big-endian
#
# For each: the libraries into build/sysroots (make_sysroot.sh), a build with the preset of that name, and ctest, which
# starts every program in qemu-user. Kernels there are the plain ones, with and without OpenBLAS.
#
#   usage: check_other_processors.sh [PROCESSOR...]       Exit status 77: the packages for it cannot be had.
set -eu
cd "$(dirname "$0")/.."

# skip WHY: the last words of a run that proved nothing.
skip() {
    echo "skipped: $1"
    exit 77
}

[ $# -gt 0 ] || set -- aarch64 s390x
scripts/install_debian_packages.sh processors || skip "the cross compilers or qemu-user cannot be installed"

jobs=${JOBS:-$(nproc)}
for processor in "$@"; do
    case $processor in
    aarch64) debian_name=arm64 ;;
    *) debian_name=$processor ;;
    esac
    scripts/make_sysroot.sh "$debian_name" "$processor-linux-gnu" "build/sysroots/$processor" ||
        skip "the libraries of $processor cannot be fetched"
    cmake --preset "$processor"
    cmake --build --preset "$processor" --parallel "$jobs"
done

failed=""
for processor in "$@"; do ctest --preset "$processor" --parallel "$jobs" || failed="$failed $processor"; done
[ -z "$failed" ] || { echo "tests failed on:$failed" >&2; exit 1; }
echo "all tests passed on: $*"
