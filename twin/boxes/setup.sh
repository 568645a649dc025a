#!/bin/sh
# Runs once, as root, on top of the machines' image: makes of it the image of Storage Boxes. What it reads lies beside it, in
# a folder that is removed at the end.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y --no-install-recommends install rclone >/dev/null
install -m 755 "$here/shell.sh" /usr/local/bin/storage-box
install -m 600 "$here/sshd_config" /etc/ssh/sshd_config
rm -rf /etc/ssh/sshd_config.d
apt-get -qq clean
rm -rf /var/lib/apt/lists/* "$here"
