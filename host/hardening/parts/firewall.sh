# shellcheck shell=sh
# The firewall of the machine itself, behind the cloud's. It is replaced in one step, which open connections survive.

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

# admits ADDRESS: the new rules, loaded in a network of their own, let ADDRESS reach port 22.
admits() {
  family=4
  case $1 in *:*) family=6 ;; esac
  # shellcheck disable=SC2016 # its own arguments
  unshare --net sh -c 'nft -f etc/nftables.conf && nft get element inet queuehost "ssh$1" "{ $2 }"' sh "$family" "$1" \
    >/dev/null 2>&1
}

load_rules() { nft -f /etc/nftables.conf; }

refused=$(nft -c -f etc/nftables.conf 2>&1) || fail "nftables refuses the new rules: $(printf %s "$refused" | head -n 1)"
operator=$(operator_address)
[ -z "$operator" ] || admits "$operator" ||
  fail "ssh.allowedFrom: should contain $operator, where this connection comes from; the new rules would shut it out"

changed=0
undo_with load_rules
put etc/nftables.conf /etc/nftables.conf 644
if [ "$changed" = 1 ] || ! nft list table inet queuehost >/dev/null 2>&1; then
  load_rules
  ssh_answers || fail 'the new firewall rules cut sshd off'
  settle
  log 'firewall loaded'
fi
systemctl is-active -q nftables || systemctl enable -q --now nftables
