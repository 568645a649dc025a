#!/bin/sh
# shellcheck disable=SC1091,SC2154 # its parts lie beside it on the server
# Caddy in front of the application: checked, swapped, reloaded without losing a connection, tried, and taken back when it
# doesn't answer.
set -eu
. ./lib.sh
. ./settings.sh
. ./names.sh

unit=caddy.service
drop_in=/etc/systemd/system/$unit.d/queuehost.conf

# take_over: makes the running Caddy use what is on the disk. A changed unit, or a Caddy that isn't ours yet and has no such
# socket, needs a restart.
take_over() {
  if [ "$1" = reload ] && [ -S /run/caddy/admin.sock ]; then
    systemctl reload "$unit"
  else
    systemctl daemon-reload
    systemctl restart "$unit"
  fi
}

# answers: Caddy passes requests on, and the answers back. Before the first release, while the application restarts, or where
# there is no backend, there is nobody to pass them to: then it is enough that Caddy answers by itself, under each name.
answers() {
  for base in $bases; do
    [ "$(status "$base/.queuehost/address" 5)" = 200 ] || return 1
  done
  own=000
  [ -z "$backend" ] || own=$(status "http://127.0.0.1:$(live_port)$health_path" 2)
  [ ! -e "/srv/$name/maintenance/index.html" ] || own=503
  [ "$own" = 000 ] || [ "$(status "${bases%% *}$health_path" 5)" = "$own" ]
}

# status URL SECONDS: of the answer; 000 where there is none. The names lead here whatever a name server says.
status() {
  # shellcheck disable=SC2086 # words
  curl -s -o /dev/null -w '%{http_code}' --max-time "$2" --connect-to ::127.0.0.1: $trust "$1" 2>curl.log || :
}

live_port() { if [ -e "/srv/$name/live/b" ]; then echo $((port + 8)); else echo "$port"; fi; }

alone proxy
stray=$(stray_names)
[ -z "$stray" ] ||
  fail "domain: ${stray%; }. Each needs records of this server: $(needed_records). Set them, wait until they are known, and run this again; nothing was changed"
need_packages caddy

# With certificates of its own it would make an authority already, in the home of whoever looks.
XDG_DATA_HOME=$PWD XDG_CONFIG_HOME=$PWD caddy validate --config ./Caddyfile --adapter caddyfile >validate.log 2>&1 ||
  fail "Caddyfile: caddy refuses it: $(tail -n 1 validate.log)"

bases=http://127.0.0.1 trust='' patience=5
if [ -n "$domains" ]; then
  # shellcheck disable=SC2086 # a word a name
  bases=$(printf 'https://%s ' $domains)
  # The authority of the server's own is trusted by nobody here; one that is public may take a while.
  if [ "$certificates" = internal ]; then trust=--insecure; else patience=90; fi
fi

how=reload
changed=0
put sysctl.conf /etc/sysctl.d/60-queuehost-proxy.conf 0644
put queuehost.conf "$drop_in" 0644
[ "$changed" = 0 ] || how=restart
put Caddyfile /etc/caddy/Caddyfile 0644
if [ "$changed" = 0 ] && systemctl is-active --quiet "$unit" && answers; then
  settle
  log "the proxy is as it should be"
  exit 0
fi

sysctl -q -p /etc/sysctl.d/60-queuehost-proxy.conf || fail "sysctl: net.ipv4.ip_unprivileged_port_start can't be set"
systemctl is-enabled --quiet "$unit" || systemctl --quiet enable "$unit"
if take_over "$how" >takeover.log 2>&1; then
  if wait_for "$patience" answers; then
    settle
    log "the proxy serves"
    exit 0
  fi
  reason="requests for ${bases%% *}$health_path don't get through it"
else
  reason=$(tail -n 1 takeover.log)
fi
words=$(journalctl -q -u "$unit" -n 3 -o cat --no-pager | cut -c 1-300 | sed 's/^/  | /')
revert
take_over "$how" || take_over restart || true
fail "the proxy doesn't work with the new configuration: $reason; the old one is back. Its last lines:
$words"
