# shellcheck shell=sh
# How the operator gets in: the keys of the configuration and nothing else.

ssh_answers() { ssh-keyscan -T 3 -t ed25519 127.0.0.1 2>/dev/null | grep -q ssh-ed25519; }

undo_with 'systemctl reload ssh'
changed=0
put authorized_keys /etc/ssh/authorized_keys.d/deploy 644
# shellcheck disable=SC2034 # read by sessions.sh
keys_changed=$changed
changed=0
put etc/ssh/sshd_config.d/00-queuehost.conf /etc/ssh/sshd_config.d/00-queuehost.conf 600
for other in /etc/ssh/ssh_host_*_key; do
  [ "$other" != /etc/ssh/ssh_host_ed25519_key ] || continue
  rm -f "$other" "$other.pub"
  changed=1
done
if [ "$changed" = 1 ]; then
  refused=$(sshd -t 2>&1) || fail "sshd refuses its new configuration beside what else is in /etc/ssh: $(one_line "$refused")"
  sshd -T | grep -qx 'authorizedkeysfile /etc/ssh/authorized_keys.d/%u' ||
    fail 'sshd: another file sets AuthorizedKeysFile before /etc/ssh/sshd_config.d/00-queuehost.conf'
  systemctl reload ssh
  wait_for 10 ssh_answers || fail 'sshd does not answer after its reload'
  log 'sshd configured'
fi
settle
# cloud-init's copy, which sshd no longer reads.
rm -f /home/deploy/.ssh/authorized_keys
