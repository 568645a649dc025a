#!/bin/sh
# What a container runs before its /sbin/init, given with `sh -c`: the part of a machine that a hypervisor and a boot loader
# would do. Nothing of it stays on the machine's disk. The public IPv4 address is the one that Docker gives. In the environment,
# and gone from it before init starts:
#   TWIN_GATEWAY                the way out
#   TWIN_ADDRESS6 TWIN_GATEWAY6 the same for IPv6, with an address and its prefix length; empty for none
#   TWIN_RESOLVERS              name servers; empty leaves Docker's
#   TWIN_SEED                   where cloud-init finds user data
#   TWIN_TRAP                   rules of a machine whose application must reach nobody; empty for none
set -eu

# cgroup v1: Docker mounts the machine's own hierarchies read-only, and systemd needs to write. (v2 is mounted writable
# where the cgroup namespace is private; the remount then changes nothing.) Never the host's /sys/fs/cgroup: machines would
# share one tree.
legacy=''
if [ "$(stat -fc %T /sys/fs/cgroup)" = tmpfs ]; then
  legacy=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1
  mount -o remount,bind,rw /sys/fs/cgroup
  for hierarchy in /sys/fs/cgroup/*; do
    if [ -d "$hierarchy" ] && [ ! -L "$hierarchy" ] && mountpoint -q "$hierarchy"; then mount -o remount,bind,rw "$hierarchy"; fi
  done
else
  mount -o remount,bind,rw /sys/fs/cgroup 2>/dev/null || :
fi

# Kernel settings are the host's, but for those of the machine's own network namespace.
for shared in sys sysrq-trigger irq bus fs; do
  [ -e "/proc/$shared" ] || continue
  mount --bind "/proc/$shared" "/proc/$shared"
  mount -o remount,bind,ro "/proc/$shared"
done
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net

# Docker lays its own files over these three; a server has plain ones, which may be replaced.
name=$(cat /etc/hostname)
resolvers=$(cat /etc/resolv.conf)
umount /etc/hostname /etc/hosts
if [ -n "$TWIN_RESOLVERS" ]; then
  # shellcheck disable=SC2086 # one address a line
  resolvers=$(printf 'nameserver %s\n' $TWIN_RESOLVERS)
  umount /etc/resolv.conf
  # Docker's name server needs rules in here, which the first `nft flush ruleset` would remove: with resolvers of our own
  # there is nothing to lose.
  nft flush ruleset
  printf '%s\n' "$resolvers" >/etc/resolv.conf
fi
if [ ! -s /etc/machine-id ]; then
  printf '%s\n' "$name" >/etc/hostname
  printf '127.0.1.1 %s\n127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' "$name" >/etc/hosts
fi

# Before anything of the machine runs; it doesn't start without.
if [ -n "$TWIN_TRAP" ]; then printf '%s' "$TWIN_TRAP" | nft -f -; fi

# One address, everything else behind the gateway: what machines say to each other passes the cloud firewall too.
address=$(ip -4 -o addr show dev eth0 | sed -n 's/.* inet \([0-9.]*\).*/\1/p')
ip addr flush dev eth0
# shellcheck disable=SC2153 # from the environment
ip addr add "$address/32" dev eth0
ip route add "$TWIN_GATEWAY" dev eth0
ip route add default via "$TWIN_GATEWAY"
if [ -n "$TWIN_ADDRESS6" ]; then
  echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
  # No other machine can hold this address: no need to ask around for a second.
  ip addr add "$TWIN_ADDRESS6" dev eth0 nodad
  ip route add "$TWIN_GATEWAY6" dev eth0
  ip route add default via "$TWIN_GATEWAY6" dev eth0
fi

seed=$TWIN_SEED
unset TWIN_GATEWAY TWIN_ADDRESS6 TWIN_GATEWAY6 TWIN_RESOLVERS TWIN_SEED TWIN_TRAP
# In a container, systemd and cloud-init take the arguments of init for the kernel's command line.
exec /sbin/init $legacy ${seed:+"ds=nocloud;s=$seed"}
