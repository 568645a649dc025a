# shellcheck shell=bash disable=SC2154 # variables of its callers
# What root has done by the user of the backups, in the sandboxes of the units.

# sandboxed UNIT COMMAND...
sandboxed() {
  local options unit=/etc/systemd/system/$1
  shift
  mapfile -t options < <(sed -n '/^\[Service\]/,$ { /^\(Type\|Exec[A-Za-z]*\|SyslogIdentifier\|RuntimeDirectory[A-Za-z]*\|TimeoutStartSec\)=/d; s/^\([A-Z][A-Za-z]*=.*\)/--property=\1/p; }' "$unit")
  systemd-run --quiet --wait --collect --pipe "${options[@]}" ${lent:+"--property=BindReadOnlyPaths=$lent"} "$@" </dev/null
}

# prove_set FOLDER [quick]: what is wrong with the set goes to stderr.
prove_set() { sandboxed queuehost-backup.service /bin/bash /opt/queuehost/backups/backup.sh prove "$@"; }

# away VERB...: see away.sh. Where lent is a folder, it is there to be read.
lent=''
away() { sandboxed queuehost-backup-ship.service /bin/bash /opt/queuehost/backups/away.sh "$@"; }
