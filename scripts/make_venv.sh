#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_venv.sh - a virtual environment with exactly the versions of a requirements file. Does nothing when it is already
# up to date: requirements.sha256 in it remembers what it was made from.
#
#   usage: make_venv.sh                                        .venv from tests/requirements.txt
#          make_venv.sh .venv-bench bench/requirements.txt     another
#          PYTHON=python3.12 make_venv.sh                      with another Python
set -eu
cd "$(dirname "$0")/.."

venv=${1:-.venv}
requirements=${2:-tests/requirements.txt}
stamp=$venv/requirements.sha256
wanted=$(sha256sum <"$requirements")
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

echo "making $venv from $requirements (PyTorch among them: this takes minutes the first time)"
rm -rf "$venv"
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
echo "$wanted" >"$stamp"
