#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_debian_package.sh - are dist/*.deb good packages? Judged by a Debian that has never seen this source tree:
#
#   debootstrap          a minimal Debian in a temporary folder; compiler, man, bash-completion and lintian into it
#   lintian              no errors
#   apt-get install      the three packages, and what they depend on
#   use                  strdemo reads data/, also with OpenBLAS, which the library loads; a C program finds the library
#                        with pkg-config; manual, completion
#   apt-get purge        leaves the folder as it was before
#
#   usage: check_debian_package.sh      as root, on Debian, with the network
#          SUITE=trixie DEBIAN_MIRROR=http://... check_debian_package.sh       another Debian than this machine's
set -eu
cd "$(dirname "$0")/.."
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
suite=${SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}

if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "skipped: check_debian_package.sh needs root and the package debootstrap" >&2
    exit 77
fi
root=$(mktemp -d)
chmod 755 "$root" # it becomes /, and not everything in there runs as root
log=$(mktemp)
trap 'rm -rf "$root" "$log"' EXIT

say() {
    printf '\n== %s\n' "$1"
}

# Runs a command inside. /proc is mounted for this command only, in a name space of its own.
inside() {
    unshare --mount --pid --fork --mount-proc="$root/proc" \
        chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# Runs a command whose output is of interest only when it fails.
quietly() {
    "$@" >"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        echo "failed: $*" >&2
        exit 1
    }
}

install_inside() {
    quietly inside apt-get install -q -y --no-install-recommends "$@"
}

make_clean_debian() {
    say "a clean Debian $suite"
    quietly debootstrap --variant=minbase "$suite" "$root" "$mirror"
    install_inside gcc libc6-dev pkg-config man-db bash-completion lintian
    mkdir "$root/opt/check"
    cp -r dist/*.deb data tests/install/user_c.c "$root/opt/check"
}

# Every file but those that record what apt and dpkg have done, and caches.
list_files() {
    inside find / -xdev -path /proc -prune -o -path /tmp -prune -o -path /var/cache -prune -o -path /var/log -prune \
        -o -path /var/lib/apt -prune -o -path '/var/lib/dpkg/*' -prune -o -print | sort
}

# A list without a file that stays is none, and would be as it was before.
list_files_into() {
    list_files >"$1"
    grep -qx /usr/bin/gcc "$1"
}

check_lintian() {
    say "lintian"
    inside su nobody -s /bin/sh -c 'lintian --fail-on error /opt/check/*.deb'
}

check_strdemo() {
    say "strdemo reads data/"
    inside strdemo --version
    list_files | grep -x /usr/bin/strdemo
    for cpu in auto blas; do
        inside sh -c "cd /opt/check/data && strdemo --cpu $cpu -f tsv ." |
            cut -f 1,2 | sed 's|^\./||' | tee "$root/tmp/read.tsv"
        diff "$root/tmp/read.tsv" data/labels.tsv
    done
}

check_compiling() {
    say "a C program, compiled with pkg-config"
    inside sh -c 'cc -Wall -Werror /opt/check/user_c.c -o /tmp/user $(pkg-config --cflags --libs trba) && /tmp/user'
}

check_manual_and_completion() {
    say "manual and completion"
    for name in strdemo trba; do
        inside man -P cat "$name" | grep -q "^SYNOPSIS"
        inside bash -c ". /usr/share/bash-completion/bash_completion; _completion_loader $name; complete -p $name"
    done
    for file in bash-completion/completions/trba fish/vendor_completions.d/trba.fish zsh/vendor-completions/_trba \
                doc/trba/copyright doc/libtrba-dev/copyright; do
        ls "$root/usr/share/$file"
    done
}

check_purge() {
    say "purge"
    quietly inside apt-get purge -q -y --autoremove trba libtrba-dev '^libtrba[0-9]'
    list_files_into "$root/tmp/after"
    diff "$root/tmp/before" "$root/tmp/after"
    inside dpkg --audit
}

make_clean_debian
check_lintian
list_files_into "$root/tmp/before"
say "install"
inside sh -c 'apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 /opt/check/*.deb'
check_strdemo
check_compiling
check_manual_and_completion
check_purge
say "the packages install, work, and leave nothing behind"
