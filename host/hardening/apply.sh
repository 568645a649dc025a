#!/bin/sh
# The host base: packages, users, sshd, firewall, updates, time, logs, kernel settings. Everything else builds on it.
set -eu
# shellcheck source=../lib.sh
. ./lib.sh

alone hardening
for part in packages checks users sshd sessions firewall system; do
  # shellcheck source=/dev/null # parts/*.sh are checked by themselves
  . "./parts/$part.sh"
done
