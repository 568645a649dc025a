# shellcheck shell=bash disable=SC2154 # variables of its callers
# Parts of a backup tried by root, in the sandbox in which backups are made.

UNIT_FILE=/etc/systemd/system/queuehost-backup.service

# prove_set FOLDER [quick]: what is wrong with the set goes to stderr.
prove_set() {
  local options
  mapfile -t options < <(sed -n '/^\[Service\]/,$ { /^\(Type\|Exec[A-Za-z]*\|SyslogIdentifier\|RuntimeDirectory[A-Za-z]*\|TimeoutStartSec\)=/d; s/^\([A-Z][A-Za-z]*=.*\)/--property=\1/p; }' "$UNIT_FILE")
  systemd-run --quiet --wait --collect --pipe "${options[@]}" /bin/bash /opt/queuehost/backups/backup.sh prove "$@" </dev/null
}
