#!/bin/sh
# disk.sh SUITE FOLDER: makes a Debian with systemd, its kernel and all that Strake works with: root.ext4, vmlinuz, initrd.
# When it has started it unpacks its second disk, runs the file `job` there, and turns itself off.
set -eu
suite=$1 folder=$2
new=$folder.new
rm -rf "$new"
mkdir -p "$new"
trap 'rm -rf "$new"' EXIT
root=$new/root
packages=linux-image-cloud-amd64,systemd-sysv,udev,procps,runc,crun,conmon,iproute2,nftables,mmdebstrap,busybox-static
packages=$packages,libisal2,uidmap,git,xz-utils,ca-certificates,tini,curl
mmdebstrap --quiet --variant=minbase --include="$packages" "$suite" "$root"
cat >"$root/usr/local/sbin/strake-job" <<'JOB'
#!/bin/sh
mkdir /strake && cd /strake && tar -xf /dev/vdb --no-same-owner
ip link set lo up
HOME=/root sh ./job >/dev/virtio-ports/output 2>&1 </dev/null
echo $? >/dev/virtio-ports/status
JOB
cat >"$root/etc/systemd/system/strake-job.service" <<'UNIT'
[Unit]
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Delegate=yes
ExecStart=/bin/sh /usr/local/sbin/strake-job
[Install]
WantedBy=default.target
UNIT
chroot "$root" systemctl --quiet enable strake-job
echo vm >"$root/etc/hostname"
echo '127.0.0.1 localhost vm' >"$root/etc/hosts"
mv "$root"/boot/vmlinuz-* "$new/vmlinuz"
mv "$root"/boot/initrd.img-* "$new/initrd"
mke2fs -q -t ext4 -d "$root" "$new/root.ext4" 12G
rm -rf "$root"
mv "$new" "$folder"
