#!/bin/sh
# What the container of a Storage Box runs, given with `sh -c`. In the environment:
#   BOX_ADDRESS BOX_GATEWAY  its address (a /32, as a server's) and the way out
#   BOX_USER                 its only user, whose home is the box's storage
# The first start finds /root/first, as the twin has put it there: the password and the keys that the box was ordered with.
set -eu
# shellcheck disable=SC2153 # from the environment
ip addr flush dev eth0
ip addr add "$BOX_ADDRESS/32" dev eth0
ip route add "$BOX_GATEWAY" dev eth0
ip route add default via "$BOX_GATEWAY"
if [ -d /root/first ]; then
  groupadd --force storage-box
  id "$BOX_USER" >/dev/null 2>&1 ||
    useradd --no-create-home --home-dir /home --gid storage-box --shell /usr/local/bin/storage-box "$BOX_USER"
  chpasswd </root/first/chpasswd
  install -d -m 700 -o "$BOX_USER" -g storage-box /home /home/.ssh
  install -m 600 -o "$BOX_USER" -g storage-box /root/first/authorized_keys /home/.ssh/authorized_keys
  rm -rf /root/first
fi
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e
