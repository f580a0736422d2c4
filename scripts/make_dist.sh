#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_dist.sh - the source tree as one file, FOLDER/trba-VERSION.tar.gz: what the last commit has, so no build products
# and nothing that is not committed. The same commit gives the same bytes.
#
#   usage: make_dist.sh [FOLDER]        default: dist
set -eu
folder=${1:-dist}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/.."

# .git: else this is a tree inside another checkout, whose commit would be packed.
if [ ! -e .git ] || ! git rev-parse --verify --quiet HEAD >/dev/null; then
    echo "make_dist.sh: this is not a Git checkout; a tarball is made from a commit" >&2
    exit 1
fi
# Of the commit, not of the working tree: the name must say what is inside.
version=$(git show HEAD:include/trba.h |
          sed -n 's/^#define TRBA_VERSION_[MP][A-Z]* \([0-9]*\)$/\1/p' | paste -sd .)
name=trba-$version
if [ -n "$(git status --porcelain)" ]; then
    echo "make_dist.sh: changes that are not committed are left out" >&2
fi
# Not through a pipe, which would hide it if git failed. gzip -n: no name and no time in it.
part=$folder/$name.tar.part
trap 'rm -f "$part" "$part.gz"' EXIT
git -c tar.umask=0022 archive --format=tar --prefix="$name/" --output="$part" HEAD
gzip -9n <"$part" >"$part.gz"
mv "$part.gz" "$folder/$name.tar.gz"
echo "$folder/$name.tar.gz"
