# shellcheck shell=sh
# Everything that can be refused is refused here, before anything is changed.

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
refused=$(sshd -t -f etc/ssh/sshd_config.d/00-queuehost.conf 2>&1) || fail "sshd refuses its new configuration: $(one_line "$refused")"
visudo -qcf etc/sudoers.d/queuehost || fail 'sudo refuses its new rule'

# operator_address: where this very connection comes from; nothing where it isn't SSH. sudo drops SSH_CONNECTION, so the
# parents are asked.
operator_address() {
  pid=$$
  while [ "$pid" -gt 1 ]; do
    address=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=\([^ ]*\) .*/\1/p')
    [ -z "$address" ] || break
    pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
  done
  printf %s "$address"
}

# admits ADDRESS: the new rules, loaded in a network of their own, name ADDRESS for port 22, or it is a guest at present.
admits() {
  family=4
  case $1 in *:*) family=6 ;; esac
  ! nft get element inet queuehost "guests$family" "{ $1 }" >/dev/null 2>&1 || return 0
  # shellcheck disable=SC2016 # its own arguments
  unshare --net sh -c 'nft -f etc/nftables.conf && nft get element inet queuehost "ssh$1" "{ $2 }"' sh "$family" "$1" \
    >/dev/null 2>&1
}

refused=$(nft -c -f etc/nftables.conf 2>&1) || fail "nftables refuses the new rules: $(one_line "$refused")"
operator=$(operator_address)
[ -z "$operator" ] || admits "$operator" ||
  fail "ssh.allowedFrom: should contain $operator, where this connection comes from; the new rules would shut it out"
