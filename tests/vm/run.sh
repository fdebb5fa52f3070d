#!/bin/sh
# Runs a shell command in this tree, as root, in a small virtual machine that is made for it and gone afterwards:
#   sh tests/vm/run.sh 'bin/strake info && sh scripts/node.sh --test "src/runtime/*.test.ts"'
# Its output, and its exit code, are those of the command. There is no network.
#
# Needs root, mmdebstrap, e2fsprogs and qemu-system-x86. The first run of a suite makes its disk, from the distribution's
# packages. What can be said by the environment:
#   VM_SUITE    bookworm (the default), trixie, …
#   VM_RUNTIME  runc (the default) or crun: the other one is taken away
#   VM_KERNEL   parameters of the kernel: ipv6.disable=1, systemd.unified_cgroup_hierarchy=0, …
#   VM_ACCEL    kvm, or tcg, which is ten times slower; kvm where there is /dev/kvm (nested ones may not start this kernel)
#   VM_FOLDER   where disks are kept: 1 GB for each suite
set -eu
[ $# = 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
tree=$here/../..
suite=${VM_SUITE:-bookworm}
folder=${VM_FOLDER:-/var/tmp/strake-vm}
disk=$folder/$suite
[ -d "$disk" ] || sh "$here/disk.sh" "$suite" "$disk"

work=$(mktemp -d "$folder/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
{
  [ "${VM_RUNTIME:-runc}" = crun ] && echo 'rm -f /usr/sbin/runc /usr/bin/runc' || echo 'rm -f /usr/bin/crun'
  printf '%s\n' "$1"
} >"$work/job"
# Programs for development only are left out. What is no file system is a disk as well: the other side reads a tar from it.
tar -cf "$work/tree.tar" --exclude=./.git --exclude=@biomejs --exclude=@typescript --exclude=node_modules/node/node_modules \
  -C "$work" job -C "$tree" .
[ -w /dev/kvm ] && accel=kvm || accel=tcg
accel=${VM_ACCEL:-$accel}
# V8 dies now and then where each emulated processor is a thread.
[ "$accel" != tcg ] || accel=tcg,thread=single
: >"$work/status"
qemu-system-x86_64 -accel "$accel" -cpu max -smp 2 -m 2G -nodefaults -no-user-config -display none -no-reboot \
  -kernel "$disk/vmlinuz" -initrd "$disk/initrd" \
  -append "root=/dev/vda rw console=ttyS0 ${VM_KERNEL:-}" \
  -drive "file=$disk/root.ext4,format=raw,if=virtio,snapshot=on" \
  -drive "file=$work/tree.tar,format=raw,if=virtio,readonly=on" \
  -chardev "file,id=console,path=$work/console" -serial chardev:console \
  -chardev file,id=output,path=/dev/stdout,append=on \
  -chardev "file,id=status,path=$work/status" \
  -device virtio-serial -device virtserialport,chardev=output,name=output -device virtserialport,chardev=status,name=status \
  </dev/null | cat
status=$(cat "$work/status")
[ -n "$status" ] || { cat "$work/console" >&2; status=1; }
exit "$status"
