#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kernelcheck-bochs.sh - runs the AVX-512 tier's own object code on a processor without AVX-512, in an emulator.
#
#   BUILD_DIR's kernelcheck, linked statically  -->  the only program of a small Linux on a CD
#   bochs as a Skylake-X, one processor         -->  kernelcheck --tier avx512, on the serial line, into a file
#
# Neither qemu nor valgrind knows AVX-512 instructions; Bochs does. Takes three minutes. Not part of `make test`, and
# installs nothing. Exit status: kernelcheck's, or 2.
#
#   usage: kernelcheck-bochs.sh BUILD_DIR KERNEL [KERNELCHECK_OPTION...]
#
# BUILD_DIR: configured with -DTRBA_BUILD_TESTS=ON, built. KERNEL: a Linux kernel image with a serial console, e.g. of
#   apt-get download linux-image-6.1.0-56-cloud-amd64; dpkg-deb -x linux-image-*.deb kernel    kernel/boot/vmlinuz-*
# Debian packages: bochs bochs-term bochsbios busybox-static grub-common grub-pc-bin xorriso mtools
set -eu

TIMEOUT_S=1800

fail() { echo "kernelcheck-bochs: $1" >&2; exit 2; }

[ $# -ge 2 ] || fail "usage: kernelcheck-bochs.sh BUILD_DIR KERNEL [KERNELCHECK_OPTION...]"
build_dir=$1
kernel=$2
shift 2
[ -r "$kernel" ] || fail "there is no kernel $kernel"
for program in bochs busybox grub-mkrescue script xorriso; do
    command -v "$program" > /dev/null || fail "$program is needed; the head of this script names the packages"
done

box=$(mktemp -d)
emulator=
# The emulator ends by itself; the trap is for an interrupted run.
clean_up() {
    [ -z "$emulator" ] || kill "$emulator" 2> /dev/null || true
    rm -rf "$box"
}
trap clean_up EXIT
trap 'exit 2' INT TERM

# ---- the program: the very objects of the build ----
objects=$(find "$build_dir/tests/CMakeFiles/kernelcheck.dir" -name '*.o') || fail "kernelcheck is not built"
[ -n "$objects" ] || fail "kernelcheck is not built in $build_dir"
mkdir -p "$box/tree/bin" "$box/iso/boot/grub"
# shellcheck disable=SC2086  # one word per object
${CC:-cc} -static -o "$box/tree/bin/kernelcheck" $objects "$build_dir/libtrba_internal.a" -lm -lpthread

# ---- the system: one shell script ----
cp "$(command -v busybox)" "$box/tree/bin/busybox"
cat > "$box/tree/init" << END
#!/bin/busybox sh
/bin/kernelcheck --tier avx512 $*
echo "exit status \$?"
/bin/busybox sleep 3
/bin/busybox poweroff -f
END
chmod +x "$box/tree/init"
(cd "$box/tree" && find . | busybox cpio -o -H newc 2> /dev/null) | gzip -1 > "$box/iso/boot/initrd.gz"
cp "$kernel" "$box/iso/boot/vmlinuz"
# Bochs 2.7 tells another size of the compacted register area than Linux works out, which then would do without AVX:
# the kernel must not use that form.
cat > "$box/iso/boot/grub/grub.cfg" << 'END'
set timeout=0
menuentry kernelcheck {
    linux /boot/vmlinuz console=ttyS0 loglevel=4 nokaslr mitigations=off tsc=reliable clearcpuid=xsavec,xsaves
    initrd /boot/initrd.gz
}
END
grub-mkrescue -o "$box/boot.iso" "$box/iso" > "$box/mkrescue.log" 2>&1 || { cat "$box/mkrescue.log" >&2; exit 2; }

# ---- the machine ----
cat > "$box/bochsrc" << END
display_library: term
megs: 256
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_skylake_x, count=1, ips=50000000, ignore_bad_msrs=1, reset_on_triple_fault=0
clock: sync=none
ata0-master: type=cdrom, path=$box/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$box/serial.txt
log: $box/bochs.log
panic: action=fatal
END
echo continue > "$box/debugger.rc"

# The screen goes to a terminal of its own that nobody looks at.
TERM=xterm timeout $TIMEOUT_S script -qfc "bochs -q -f $box/bochsrc -rc $box/debugger.rc" "$box/screen" \
    > /dev/null 2>&1 < /dev/null &
emulator=$!
wait "$emulator" || true
emulator=

[ -r "$box/serial.txt" ] || fail "the emulator did not start: $(tail -n 3 "$box/screen")"
tr -d '\r' < "$box/serial.txt"
status=$(tr -d '\r' < "$box/serial.txt" | sed -n 's/^exit status \([0-9]*\)$/\1/p')
[ -n "$status" ] || fail "kernelcheck did not come to its end"
exit "$status"
