#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# report_tiers.sh - says which processor tiers the last test run covered: the lines "processor tiers that ran: ..." of
# the tests, which ctest keeps from view when a test passes.
#
#   usage: report_tiers.sh BUILD_DIR
set -eu
grep -h '^processor tiers that ran:' "$1/Testing/Temporary/LastTest.log" | sort -u ||
    echo "no test said which processor tiers it ran"
