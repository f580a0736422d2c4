#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install_debian_packages.sh - makes sure that the Debian packages the build needs are there; installs only those that
# are missing, and does nothing (and needs no rights) when there are none.
#
#   usage: install_debian_packages.sh [test|training|fuzz|coverage|processors|clang|deb|python]
#
# Each adds what only that needs; "training" the fonts, word lists and photographs of training/packages.tsv.
# Exit status 77: packages are missing and cannot be had.
set -eu

packages="build-essential cmake pkg-config
          libopenblas-dev libpng-dev libjpeg62-turbo-dev zlib1g-dev libjansson-dev libyaml-dev liblmdb-dev
          ca-certificates python3 python3-pip python3-venv"
case "${1:-}" in
    test) packages="$packages libcmocka-dev python3-dev fish zsh fonts-dejavu-core wamerican-small" ;;
    training) packages="$packages $(grep -v '^#' "$(dirname "$0")/../training/packages.tsv" | cut -f 1)" ;;
    fuzz) packages="$packages libcmocka-dev clang libclang-rt-dev" ;;
    coverage) packages="$packages libcmocka-dev gcovr" ;;
    processors) packages="$packages gcc-aarch64-linux-gnu gcc-s390x-linux-gnu qemu-user-static" ;;
    clang) packages="$packages libcmocka-dev clang" ;;
    deb) packages="$packages file" ;;
    python) packages="$packages python3-dev" ;;
esac

# The last words of a run that cannot go on: what is the matter, and the packages to install by hand.
give_up() {
    printf '%s; please install these packages, or what your system calls them: %s\n' "$1" "$missing" >&2
    exit 77
}

missing=""
if ! command -v dpkg-query >/dev/null; then
    # Not Debian: whoever installed the compiler and the libraries knows where they are; CMake will say what it misses.
    command -v cmake >/dev/null && command -v pkg-config >/dev/null && exit 0
    missing=$(echo $packages)
    give_up "This is not a Debian system"
fi

for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
missing=${missing# }
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || give_up "Packages are missing, and this user is not root and has no sudo"
    as_root=sudo
fi

echo "installing Debian packages: $missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q || give_up "apt-get update failed"
$as_root apt-get install -q -y --no-install-recommends $missing || give_up "apt-get install failed"
