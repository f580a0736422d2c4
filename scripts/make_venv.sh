#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_venv.sh - the virtual environment .venv with exactly the versions of tests/requirements.txt. Does nothing when it
# is already up to date: .venv/requirements.sha256 remembers what it was made from.
#
#   usage: make_venv.sh            PYTHON=python3.12 make_venv.sh takes another Python
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/requirements.sha256
wanted=$(sha256sum <tests/requirements.txt)
if [ -x .venv/bin/python ] && [ "$(cat $stamp 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

echo "making .venv from tests/requirements.txt (PyTorch among them: this takes minutes the first time)"
rm -rf .venv
"${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
echo "$wanted" >$stamp
