#!/bin/sh
# Gives the server the ed25519 host key by which it is known from now on. The key it was born with travelled in user data,
# where more than root can have seen it. That one is of another type and stays beside it until the host base, which connects
# by the new key, takes it away: an `up` that dies in between finds the server under either. Open connections go on.
set -eu
# shellcheck source=../lib.sh
. ./lib.sh

key=/etc/ssh/ssh_host_ed25519_key

# presented: sshd offers the new key to whoever connects now. (Loopback is exempt from sshd's penalties for scanners.)
presented() { ssh-keyscan -T 3 -t ed25519 127.0.0.1 2>/dev/null | grep -qF " $(cut -d ' ' -f 1-2 ssh_host_ed25519_key.pub)"; }

alone hostkey
chmod 600 ssh_host_ed25519_key
derived=$(ssh-keygen -y -P '' -f ssh_host_ed25519_key 2>/dev/null | cut -d ' ' -f 1-2) ||
  fail 'host key: should be an unencrypted OpenSSH private key'
[ "$derived" = "$(cut -d ' ' -f 1-2 ssh_host_ed25519_key.pub)" ] ||
  fail 'host key: the public half does not belong to the private half'

undo_with 'systemctl reload ssh'
put ssh_host_ed25519_key "$key" 600
put ssh_host_ed25519_key.pub "$key.pub" 644
[ "$changed" = 1 ] || exit 0
sshd -t || fail 'host key: sshd does not accept it'
systemctl reload ssh
wait_for 10 presented || fail 'host key: sshd does not present it after its reload'
settle
log 'host key replaced'
