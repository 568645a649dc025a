# shellcheck shell=sh disable=SC2154 # variables of its caller
# Whether the host names lead here. A certificate is only given to whom they lead to, and each attempt that fails counts against
# a limit of the authority. Callers set domains, certificates, zone.

# stray_names: what is wrong with the names that the running Caddy doesn't serve yet, in one line; nothing where all is well. Names
# in a zone that is managed together with this server get a minute and a half to come.
stray_names() {
  [ "$certificates" = public ] || return 0
  until=$(date +%s)
  [ -z "$zone" ] || until=$((until + 90))
  for domain in $domains; do
    # One that has its certificate isn't looked at again: no name server that is away for a moment stops another change.
    ! grep -qE "^https://(.* https://)?${domain}[, ]" /etc/caddy/Caddyfile 2>/dev/null || continue
    until where=$(where_it_leads "$domain"); do
      [ "$(date +%s)" -lt "$until" ] || {
        printf '%s leads %s; ' "$domain" "$where"
        break
      }
      sleep 2
    done
  done
}

# where_it_leads NAME: succeeds when every address of the name is this server's, and there is one; otherwise says where it leads.
# /etc/hosts isn't asked: nobody else reads that.
where_it_leads() {
  found=$({
    getent -s dns ahostsv4 "$1"
    getent -s dns ahostsv6 "$1" | grep -v '^::ffff:'
  } | awk '{print $1}' | sort -u)
  own_addresses >own-addresses
  strangers=$(printf '%s\n' "$found" | grep -vxF -f own-addresses | xargs)
  if [ -z "$found" ]; then
    printf nowhere
  elif [ -n "$strangers" ]; then
    printf 'to %s' "$strangers"
  else
    return 0
  fi
  return 1
}

own_addresses() { ip -o addr show scope global | awk '{sub("/.*", "", $4); print $4}'; }

# needed_records: what the names' records have to be.
needed_records() {
  own_addresses | awk '/:/ {six = six " " $1; next} {four = four " " $1}
    END {print "A" four (six == "" ? ", and no AAAA" : ", and AAAA" six " or none")}'
}
