#!/bin/sh
# Runs once, as root, in a container of plain Debian 13: turns it into the disk of a new server. The folder that holds this
# script (packages.txt, sources.list if any, certificates/*.crt) is removed at the end: nothing of ours stays.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export DEBIAN_FRONTEND=noninteractive

# A container has no init yet: services must not be started by their packages.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
# What container images leave out (manuals, translations) and shorten (no fsync) isn't so on a server.
rm -f /etc/apt/apt.conf.d/docker-* /etc/dpkg/dpkg.cfg.d/docker* /etc/apt/apt.conf.d/99mmdebstrap

if [ -s "$here/sources.list" ]; then
  rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
  cp "$here/sources.list" /etc/apt/sources.list.d/debian.sources
fi
mkdir -p /usr/local/share/ca-certificates /etc/ssl/certs
for certificate in "$here"/certificates/*.crt; do
  [ -e "$certificate" ] || continue
  cp "$certificate" /usr/local/share/ca-certificates/
  # apt may need them before there is a ca-certificates package.
  cat "$certificate" >>/etc/ssl/certs/ca-certificates.crt
done

apt-get -qq update
important=$(apt-cache dumpavail | awk '/^Package:/ {name = $2} /^Priority: (required|important)$/ {print name}' | sort -u)
# shellcheck disable=SC2046,SC2086 # one word a package
apt-get -qq -y --no-install-recommends install $important $(grep -v '^#' "$here/packages.txt") >/dev/null
apt-get -qq -y dist-upgrade >/dev/null
update-ca-certificates >/dev/null

# As at Hetzner: root is the user that keys are given to, and there is no user `debian`.
cat >/etc/cloud/cloud.cfg.d/90-hetznercloud.cfg <<'EOF'
disable_root: false
users: [root]
system_info:
  default_user:
    name: root
# The network is there before the machine starts.
network: {config: disabled}
EOF

# A container can't wait for links that nobody inside configures; first-boot questions would be asked of nobody.
systemctl mask --quiet systemd-networkd-wait-online.service systemd-firstboot.service networking.service
systemctl disable --quiet systemd-networkd.service 2>/dev/null || :
# Consoles that a container doesn't have.
systemctl mask --quiet getty.target console-getty.service getty@tty1.service serial-getty@ttyS0.service

# As at Hetzner, whose images let root in with the password that is mailed where no key was given.
sed -i "s/^#\?PermitRootLogin .*/PermitRootLogin yes/" /etc/ssh/sshd_config

# Each machine makes its own identity at its first start.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id /var/lib/systemd/random-seed
: >/etc/machine-id
passwd -q -l root
cloud-init clean --logs 2>/dev/null || :
rm -rf /var/lib/cloud /var/log/cloud-init*
apt-get -qq clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log /tmp/* /var/tmp/*
rm -f /usr/sbin/policy-rc.d
rm -rf "$here"
