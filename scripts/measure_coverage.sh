#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# measure_coverage.sh - after the tests of a coverage build have run: which lines of the readers ran, file by file.
# Fails if one of the folders is below its limit; docs/FUZZING.md explains the lines that are left.
#
#   usage: measure_coverage.sh BUILD_DIR
set -eu
cd "$(dirname "$0")/.."
build=$1

# Compiled twice: for the programs, and for ctypes in the Python tests. GCC 12 now and then counts a branch below zero
# (the lines are right), which gcovr takes for an error unless told not to.
code=0
for folder in src/weights src/image; do
    gcovr --root . --filter "$folder/" --fail-under-line 95 --gcov-ignore-parse-errors --object-directory "$build" \
          "$build/CMakeFiles/trba_objects.dir/$folder" "$build/CMakeFiles/trba_testing_objects.dir/$folder" || code=1
done
exit $code
