#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_sysroot.sh - the libraries of another processor in a folder: what a cross compiler links with, and qemu runs.
#
#   apt-get, told that it is on the other processor and that nothing is installed   -->  FOLDER.apt
#   dpkg-deb -x                                                                     -->  FOLDER
#
# Needs no rights and changes nothing on this system: apt's lists, state and cache are beside FOLDER. The packages are
# those of this system's own sources, their signatures checked as always. FOLDER/packages remembers what is in it: the
# same call again does nothing.
#
#   usage: make_sysroot.sh DEBIAN_ARCHITECTURE TRIPLET FOLDER       e.g. s390x s390x-linux-gnu build/sysroots/s390x
set -eu

packages="libc6-dev libgcc-s1
          libopenblas-pthread-dev libpng-dev libjpeg62-turbo-dev zlib1g-dev libjansson-dev libyaml-dev liblmdb-dev
          libcmocka-dev"

[ $# -eq 3 ] || { echo "usage: make_sysroot.sh DEBIAN_ARCHITECTURE TRIPLET FOLDER" >&2; exit 2; }
architecture=$1
triplet=$2
folder=$3
if [ "$(cat "$folder/packages" 2>/dev/null)" = "$packages" ]; then exit 0; fi

rm -rf "$folder" "$folder.apt"
mkdir -p "$folder" "$folder.apt/state/lists/partial" "$folder.apt/cache/archives/partial"
apt=$(cd "$folder.apt" && pwd)
: > "$apt/status"

# apt_there COMMAND...: apt-get as if on the other processor.
apt_there() {
    apt-get -q -y -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
            -o APT::Install-Recommends=false -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" \
            -o Dir::Cache="$apt/cache" -o Debug::NoLocking=true "$@"
}

# What /etc/alternatives does on an installed system: OpenBLAS, of which there could be several, under its plain name,
# by which programs load it.
link_openblas() {
    library=$folder/usr/lib/$triplet
    for name in libopenblas.so libopenblas.so.0; do ln -s "openblas-pthread/$name" "$library/$name"; done
    ln -s ../openblas-pthread/pkgconfig/openblas.pc "$library/pkgconfig/openblas.pc"
}

# The cross compiler would follow absolute links to this system's own libraries.
make_links_relative() {
    find "$folder" -type l -lname '/*' | while read -r link; do
        ln -sf "$(realpath -ms --relative-to="$(dirname "$link")" "$folder$(readlink "$link")")" "$link"
    done
}

echo "fetching the libraries of $architecture into $folder"
apt_there update > "$apt/log" 2>&1 || { cat "$apt/log" >&2; exit 1; }
# shellcheck disable=SC2086  # one word per package
apt_there install --download-only $packages >> "$apt/log" 2>&1 || { cat "$apt/log" >&2; exit 1; }
for package in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$package" "$folder"; done
link_openblas
make_links_relative
rm -rf "$apt"
echo "$packages" > "$folder/packages"
