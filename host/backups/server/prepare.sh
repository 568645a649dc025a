#!/bin/sh
# What queuehost-backup.service needs and its user can't read: as root, before each run, into a folder that goes with it.
set -eu
cd /run/queuehost-backup
# LoadCredential= comes to nothing, without a word, in containers with cgroup v1: this works everywhere.
install -m 400 -o backup -g backup /etc/queuehost/credentials/redis-backup password
install -m 400 -o backup -g backup /etc/ssh/authorized_keys.d/deploy recipients
awk '/^MemAvailable:/ { printf "%d", $2 * 1024 }' /proc/meminfo >available
chmod 444 available
