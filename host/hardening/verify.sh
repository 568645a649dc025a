# shellcheck shell=bash
# Expects: EXPECT_SSH_ALLOWED_FROM (ranges), EXPECT_SSH_KEYS (fingerprints, SHA256:...), both separated by spaces, in any order.
: "${EXPECT_SSH_ALLOWED_FROM:?}" "${EXPECT_SSH_KEYS:?}"

words() { tr ' ,' '[\n*]' | grep . | sort -u | paste -sd ' '; }

# What the running sshd offers to someone without a key, its own files aside.
offer=$(ssh -vvnF /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
  -o PubkeyAuthentication=no -o ConnectTimeout=3 deploy@127.0.0.1 true 2>&1 | tr -d '\r')
peer=$(sed -n '/peer server KEXINIT/,$ p' <<<"$offer")
offered() { sed -n "s/^debug2: $1: //p" <<<"$peer" | head -n 1; }
check 'ssh lets in by key alone' publickey "$(sed -n 's/^debug1: Authentications that can continue: //p' <<<"$offer" | head -n 1)"
check 'ssh shows an ed25519 host key alone' ssh-ed25519 "$(offered 'host key algorithms')"
strong='^(mlkem768x25519-sha256|sntrup761x25519-sha512(@openssh.com)?|curve25519-sha256|ext-info-s|kex-strict-s-v00@openssh.com|aes(128|256)-gcm@openssh.com|aes(128|192|256)-ctr|hmac-sha2-(256|512)-etm@openssh.com|umac-128-etm@openssh.com)$'
weak=$(printf '%s,%s,%s\n' "$(offered 'KEX algorithms')" "$(offered 'ciphers stoc')" "$(offered 'MACs stoc')" |
  tr , '\n' | grep -vE "$strong" | paste -sd ' ')
check 'ssh offers no weak algorithm' 'none weak' "${weak:-none weak}"

effective=$(sshd -T 2>&1)
check 'ssh lets in deploy alone, and never root' 'permitrootlogin no allowusers deploy' \
  "$(grep -E '^(permitrootlogin|allowusers) ' <<<"$effective" | sort -r | paste -sd ' ')"
keys=$(sed -n 's/^authorizedkeysfile //p' <<<"$effective")
check 'ssh accepts the configured keys alone' "$(words <<<"$EXPECT_SSH_KEYS")" \
  "$(for file in ${keys//%u/deploy}; do ssh-keygen -lf "$file"; done 2>/dev/null | cut -d ' ' -f 2 | words)"

# The expected ranges as nftables itself writes them, from a network of their own.
elements() { tr -d '\n\t' | sed -n 's/.*elements = { *\([^}]*\)}.*/\1/p' | words; }
ranges() { nft list set inet queuehost "$1" | elements; }
expected() {
  printf 'table inet queuehost { set %s { type ipv%s_addr; flags interval; auto-merge; %s }; }' \
    "$1" "${1#ssh}" "${2:+elements = { $2 \};}" |
    unshare --net sh -c "nft -f - && nft list set inet queuehost $1" | elements
}
# Named ranges, guests, and who becomes one.
guests_alone='ip saddr @ssh4 accept;ip6 saddr @ssh6 accept;ip saddr @guests4 accept;ip6 saddr @guests6 accept;meta l4proto tcp ct state != new reject with tcp reset;limit rate over 10/minute burst 10 packets drop;add @guests4 { ip saddr } accept;add @guests6 { ip6 saddr } accept'
# guest_hours SET: how long an entry lasts, and each that was given longer by hand.
guest_hours() {
  nft list set inet queuehost "$1" | sed -n 's/^\t\ttimeout //p'
  nft list set inet queuehost "$1" | grep -oE '(timeout|expires) ([0-9]+d|1[3-9]h|2[0-3]h)[0-9a-z]*' | words
}
firewall() {
  local input of4 of6
  if ! input=$(nft list chain inet queuehost input 2>&1); then
    flunk 'the firewall drops what no rule names' 'no rules are loaded'
    return
  fi
  check 'the firewall drops what no rule names' 'policy drop' "$(grep -o 'policy [a-z]*' <<<"$input")"
  check 'the firewall names ports 22, 80 and 443 alone' '22 443 80' "$(grep -E '(accept|goto|jump)' <<<"$input" | sed -n 's/.*tcp dport { *\(.*\) }.*/\1/p; s/.*tcp dport \([0-9-]*\) .*/\1/p' | words)"
  # The accepting rules that don't name a port of TCP: connections that are open, loopback, ICMP twice, DHCP twice.
  check 'the firewall accepts only loopback, ICMP and DHCP besides' 6 "$(grep -E '(accept|goto|jump)' <<<"$input" | grep -cvE 'tcp dport|policy')"
  of4=$(words <<<"$EXPECT_SSH_ALLOWED_FROM" | tr ' ' '\n' | grep -v : | paste -sd ,)
  of6=$(words <<<"$EXPECT_SSH_ALLOWED_FROM" | tr ' ' '\n' | grep : | paste -sd ,)
  check 'the firewall names the configured ranges alone for ssh' "$(expected ssh4 "$of4") $(expected ssh6 "$of6")" "$(ranges ssh4) $(ranges ssh6)"
  check 'the firewall lets others reach ssh as guests, for 12 h at most' "$guests_alone, 12h 12h" \
    "$(nft list chain inet queuehost ssh 2>&1 | sed -n '3,$ s/^\t\t//p' | paste -sd ';'), $(guest_hours guests4) $(guest_hours guests6)"
}
firewall
unit 'the firewall is active and starts at boot' nftables

# The rule's own counter tells a refusal by the firewall from an address where nobody is.
refusals() { nft list chain inet queuehost output | sed -n 's/.*169\.254\.169\.254.*packets \([0-9]*\).*tcp reset/\1/p'; }
closed='the metadata address is closed to all but root'
before=$(refusals 2>/dev/null)
if timeout 2 setpriv --reuid nobody --regid nogroup --clear-groups bash -c 'exec 3<>/dev/tcp/169.254.169.254/80' 2>/dev/null; then
  flunk "$closed" 'user nobody reaches 169.254.169.254'
elif [ "$(refusals 2>/dev/null)" -gt "${before:-0}" ] 2>/dev/null; then
  pass "$closed" 'refused to user nobody'
else
  flunk "$closed" 'no firewall rule refused it'
fi

# bound t|u ALLOWED: the ports of TCP or UDP that are bound to other than loopback, but for the allowed ones.
# The application's are left to its own verification: it may listen on all addresses, as long as the firewall drops what comes.
# In a container, ss complains of the control groups that it can't name.
bound() {
  ss "-Hlne$1" 2> >(grep -v cgroup2 >&2) | awk -v app="uid:$(id -u app)" '$4 !~ /^(127\.|\[::1\])/ && $6 != app { sub(/.*:/, "", $4); print $4 }' |
    sort -nu | grep -vxE "$2"
}
# Nothing serves UDP; 68 and 546 are where a DHCP client hears its answers.
none 'no other port is open to the outside' "$({
  bound t '22|80|443' | sed 's,^,tcp/,'
  bound u '68|546' | sed 's,^,udp/,'
} | xargs)"

check 'root has no password' locked "$(passwd -S root | awk '{ print $2 == "L" ? "locked" : $2 }')"
check 'root is the only superuser' root "$(awk -F : '$3 == 0 { print $1 }' /etc/passwd | paste -sd ' ')"
check 'no user has a password' none "$(awk -F : '$1 != "root" && ($2 ~ /^[$]/ || $2 == "") { print $1 }' /etc/shadow | paste -sd ' ' | sed 's/^$/none/')"
check "the application's user can't log in" /usr/sbin/nologin "$(getent passwd app | cut -d : -f 7)"

check 'security updates install themselves' 'on active' \
  "$(apt-config dump APT::Periodic::Unattended-Upgrade | grep -q '"1"' && echo on) $(systemctl is-active apt-daily-upgrade.timer)"
if systemd-detect-virt -cq; then
  pass 'the clock is synchronized' 'the clock of the host'
else
  check 'the clock is synchronized' yes "$(timedatectl show -P NTPSynchronized)"
fi
check 'the journal outlives a reboot' yes "$([ -d "/var/log/journal/$(cat /etc/machine-id)" ] && echo yes)"
# Only keys that this machine lets itself be told: in a container the others are the host's.
wrong='' seen=0
while read -r key value; do
  path=/proc/sys/${key//.//}
  [ -w "$path" ] || continue
  seen=$((seen + 1))
  [ "$(cat "$path")" = "$value" ] || wrong="$wrong $key=$(cat "$path")"
done <<'KEYS'
fs.protected_hardlinks 1
fs.suid_dumpable 0
kernel.dmesg_restrict 1
kernel.kptr_restrict 2
kernel.sysrq 0
kernel.unprivileged_bpf_disabled 1
net.ipv4.conf.all.accept_redirects 0
net.ipv4.conf.all.send_redirects 0
net.ipv4.conf.all.accept_source_route 0
net.ipv4.tcp_syncookies 1
net.ipv6.conf.all.accept_redirects 0
KEYS
if [ -z "$wrong" ] && [ "$seen" -gt 0 ]; then
  pass 'the kernel settings are in force' "$seen as they should be"
else
  flunk 'the kernel settings are in force' "${wrong:-none readable}"
fi
