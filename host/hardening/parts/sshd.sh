# shellcheck shell=sh
# How the operator gets in: the keys of the configuration and nothing else.

ssh_answers() { ssh-keyscan -T 3 -t ed25519 127.0.0.1 2>/dev/null | grep -q ssh-ed25519; }

line=0
while IFS= read -r key; do
  line=$((line + 1))
  seen=$(printf '%s\n' "$key" | ssh-keygen -lf - 2>/dev/null) ||
    fail "ssh.authorizedKeys: key $line should be a public key such as 'ssh-ed25519 AAAA... name', got \"$(printf %.40s "$key")\""
  case $seen in
    *'(RSA)') [ "${seen%% *}" -ge 3072 ] || fail "ssh.authorizedKeys: RSA key $line should have 3072 bits or more, got ${seen%% *}" ;;
  esac
done <authorized_keys
[ "$line" -gt 0 ] || fail 'ssh.authorizedKeys: should hold at least the key of the deployment; with none, nobody could log in'
[ -f /etc/ssh/ssh_host_ed25519_key ] || fail 'sshd: the host key is not there yet; apply the bundle hostkey first'
sshd -t -f etc/ssh/sshd_config.d/00-queuehost.conf || fail 'sshd refuses its new configuration'

undo_with 'systemctl reload ssh'
put authorized_keys /etc/ssh/authorized_keys.d/deploy 644
changed=0
put etc/ssh/sshd_config.d/00-queuehost.conf /etc/ssh/sshd_config.d/00-queuehost.conf 600
for other in /etc/ssh/ssh_host_*_key; do
  [ "$other" != /etc/ssh/ssh_host_ed25519_key ] || continue
  rm -f "$other" "$other.pub"
  changed=1
done
if [ "$changed" = 1 ]; then
  sshd -t || fail 'sshd refuses its new configuration beside what else is in /etc/ssh'
  sshd -T | grep -qx 'authorizedkeysfile /etc/ssh/authorized_keys.d/%u' ||
    fail 'sshd: another file sets AuthorizedKeysFile before /etc/ssh/sshd_config.d/00-queuehost.conf'
  systemctl reload ssh
  wait_for 10 ssh_answers || fail 'sshd does not answer after its reload'
  log 'sshd configured'
fi
settle
# cloud-init's copy, which sshd no longer reads.
rm -f /home/deploy/.ssh/authorized_keys
