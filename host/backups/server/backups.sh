#!/bin/bash
# backups.sh list: a line `set <id> <bytes>` for each backup, the newest first, and the lines of its manifest after it.
# backups.sh now WHO: makes one, and prints its id.
# backups.sh export ID WHO: one as a tar, on stdout. backups.sh import BYTES WHO: one from stdin, a tar of that size; prints its id.
# backups.sh plan ID WHAT: what a restore of it would replace, as lines. backups.sh restore ID WHAT WHO: does it (see restore.sh).
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
FOLDER=/var/backups/queuehost
# shellcheck source=../../lib.sh
. "$here/lib.sh"
# shellcheck source=/dev/null # the files beside this one, and what settings.sh.in renders to
for part in settings keep sandbox transfer; do . "$here/$part.sh"; done
umask 077

list() {
  local id
  for id in $(sets "$FOLDER"); do
    printf 'set\t%s\t%s\n' "$id" "$(du -sb --apparent-size "$FOLDER/$id" | cut -f 1)"
    cat "$FOLDER/$id/manifest"
  done
  printf 'free\t%s\n' "$(($(stat -f -c '%a * %S' "$FOLDER")))"
}

# last_reason: why the last run failed.
last_reason() {
  journalctl -qu queuehost-backup.service -n 20 -o cat | sed -n 's/^queuehost: //p' | tail -n 1
}

# make_one: starts a backup, or waits for the one that runs; prints its id.
make_one() {
  systemctl start queuehost-backup.service 2>/dev/null || fail "the backup failed: $(last_reason)"
  sets "$FOLDER" | head -n 1
}

case ${1:-} in
  list) list ;;
  now)
    made=$(make_one)
    audit "$2" 'backup now' "done: $made"
    printf '%s\n' "$made"
    ;;
  export)
    export_set "$2"
    audit "$3" "backup export $2" 'done'
    ;;
  import)
    made=$(import_set "$2")
    audit "$3" 'backup import' "done: $made"
    printf '%s\n' "$made"
    ;;
  *) fail "backups.sh: should be list, now, export or import, got ${1:-nothing}" ;;
esac
