#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kernelcheck-bochs.sh - runs a tier's own object code on a processor without its instructions, in an emulator.
#
#   BUILD_DIR's kernelcheck, linked statically  -->  the only program of a small Linux on a CD
#   bochs as CPU_MODEL, one processor           -->  kernelcheck --tier TIER, on the serial line, into a file
#
# Neither qemu nor valgrind knows AVX-512 or AMX instructions; Bochs does. Takes some minutes. Not part of `make test`,
# and installs nothing. Exit status: kernelcheck's, or 2.
#
#   usage: [TIER=avx512] [CPU_MODEL=corei7_skylake_x] kernelcheck-bochs.sh BUILD_DIR KERNEL [KERNELCHECK_OPTION...]
#
# BUILD_DIR: configured with -DTRBA_BUILD_TESTS=ON, built; or a kernelcheck that is linked statically already.
# KERNEL: a Linux kernel image with a serial console, e.g. of
#   apt-get download linux-image-6.1.0-56-cloud-amd64; dpkg-deb -x linux-image-*.deb kernel    kernel/boot/vmlinuz-*
# Debian packages: bochs bochs-term bochsbios busybox-static grub-common grub-pc-bin xorriso mtools
#
# Further variables:
#   BOCHS           the emulator's program (bochs)
#   BXSHARE         where its BIOS images are (/usr/share/bochs)
#   KERNEL_OPTIONS  more of the kernel's command line, e.g. loglevel=7
#   TIMEOUT_S       when to give up (1800)
#
# TIER=avx512vnni: CPU_MODEL=corei7_icelake_u.
# TIER=avx512amx: sapphire_rapids, Linux 6.1 of Debian 12, and a Bochs with XFD, without which Linux enables no tiles.
# 3.0 as Debian trixie has it lacks XFD and is wrong in sttilecfg and in saving tiles; mended by hand, it ran.
set -eu

TIER=${TIER:-avx512}
case $TIER in
*amx*) CPU_MODEL=${CPU_MODEL:-sapphire_rapids} ;;
*) CPU_MODEL=${CPU_MODEL:-corei7_skylake_x} ;;
esac
BOCHS=${BOCHS:-bochs}
BXSHARE=${BXSHARE:-/usr/share/bochs}
TIMEOUT_S=${TIMEOUT_S:-1800}

fail() { echo "kernelcheck-bochs: $1" >&2; exit 2; }

[ $# -ge 2 ] || fail "usage: kernelcheck-bochs.sh BUILD_DIR KERNEL [KERNELCHECK_OPTION...]"
build_dir=$1
kernel=$2
shift 2
[ -r "$kernel" ] || fail "there is no kernel $kernel"
for program in "$BOCHS" busybox grub-mkrescue script xorriso; do
    command -v "$program" > /dev/null || fail "$program is needed; the head of this script names the packages"
done
for image in BIOS-bochs-latest VGABIOS-lgpl-latest; do
    [ -r "$BXSHARE/$image" ] || fail "there is no $BXSHARE/$image"
done
# Bochs ends with a status of its own; the names stand alone on lines.
models=$("$BOCHS" -help cpu 2>&1 < /dev/null) || true
version=$(echo "$models" | sed -n 's/.*Bochs x86 Emulator \([^ ]*\).*/\1/p' | head -n 1)
echo "$models" | grep -qx "$CPU_MODEL" ||
    fail "$BOCHS, Bochs ${version:-of unknown version}, has no processor model $CPU_MODEL ($BOCHS -help cpu lists them)"

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
mkdir -p "$box/tree/bin" "$box/iso/boot/grub"
if [ -f "$build_dir" ]; then
    cp "$build_dir" "$box/tree/bin/kernelcheck"
else
    objects=$(find "$build_dir/tests/CMakeFiles/kernelcheck.dir" -name '*.o') || fail "kernelcheck is not built"
    [ -n "$objects" ] || fail "kernelcheck is not built in $build_dir"
    # shellcheck disable=SC2086  # one word per object
    ${CC:-cc} -static -o "$box/tree/bin/kernelcheck" $objects "$build_dir/libtrba_internal.a" -lm -lpthread
fi

# ---- the system: one shell script ----
cp "$(command -v busybox)" "$box/tree/bin/busybox"
cat > "$box/tree/init" << END
#!/bin/busybox sh
/bin/kernelcheck --tier $TIER $*
echo "exit status \$?"
/bin/busybox sleep 3
/bin/busybox poweroff -f
END
chmod +x "$box/tree/init"
(cd "$box/tree" && find . | busybox cpio -o -H newc 2> /dev/null) | gzip -1 > "$box/iso/boot/initrd.gz"
cp "$kernel" "$box/iso/boot/vmlinuz"
# Bochs 2.7 tells another size of the compacted register area than Linux works out, which then would do without AVX:
# the kernel must not use that form. Tiles need it, as Linux takes XFD only with it. Linux 6.1 moves memory wrongly on a
# processor with FSRM whose ERMS is off, as the BIOS leaves it. Bochs 3.0 cannot leave system management mode with
# five-level paging.
case $TIER in
*amx*) options="no5lvl clearcpuid=fsrm" ;;
*) options=clearcpuid=xsavec,xsaves,fsrm ;;
esac
# A kernel that panics resets the processor, which ends the emulator.
cat > "$box/iso/boot/grub/grub.cfg" << END
set timeout=0
menuentry kernelcheck {
    linux /boot/vmlinuz console=ttyS0 loglevel=4 nokaslr mitigations=off tsc=reliable panic=-1 reboot=triple \
        $options ${KERNEL_OPTIONS:-}
    initrd /boot/initrd.gz
}
END
grub-mkrescue -o "$box/boot.iso" "$box/iso" > "$box/mkrescue.log" 2>&1 || { cat "$box/mkrescue.log" >&2; exit 2; }

# ---- the machine ----
cat > "$box/bochsrc" << END
display_library: term
megs: 256
romimage: file=$BXSHARE/BIOS-bochs-latest
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
cpu: model=$CPU_MODEL, count=1, ips=50000000, ignore_bad_msrs=1, reset_on_triple_fault=0
clock: sync=none
ata0-master: type=cdrom, path=$box/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$box/serial.txt
log: $box/bochs.log
panic: action=fatal
END
# A Bochs with a debugger waits for its commands; one without does not know the option.
debugger=
if "$BOCHS" -help 2>&1 < /dev/null | grep -q -e '-rc '; then
    echo continue > "$box/debugger.rc"
    debugger="-rc $box/debugger.rc"
fi

# The screen goes to a terminal of its own that nobody looks at.
TERM=xterm timeout "$TIMEOUT_S" script -qfc "$BOCHS -q -f $box/bochsrc $debugger" "$box/screen" \
    > /dev/null 2>&1 < /dev/null &
emulator=$!
wait "$emulator" || true
emulator=

[ -r "$box/serial.txt" ] || fail "the emulator did not start: $(tr -cd '\n -~' < "$box/screen" | tail -c 400)"
tr -d '\r' < "$box/serial.txt"
status=$(tr -d '\r' < "$box/serial.txt" | sed -n 's/^exit status \([0-9]*\)$/\1/p')
if [ -z "$status" ] && grep -q 'Illegal attempt to enable AMX state' "$box/bochs.log"; then
    fail "Linux could not enable the tiles: $BOCHS has no XFD"
fi
[ -n "$status" ] || fail "kernelcheck did not come to its end"
exit "$status"
