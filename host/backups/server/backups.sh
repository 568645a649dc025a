#!/bin/bash
# backups.sh list: a line `set <id> <bytes>` for each backup, the newest first, and the lines of its manifest after it; where they go
# elsewhere as well, `place <words>` and a line `away <id> <snapshot> <bytes> <here|elsewhere>` for each that is there (here: made by
# this very server), or `unreachable <why>`.
# backups.sh now WHO: makes one, and prints its id.
# backups.sh ship WHO: sends what isn't off the server yet, and prints the newest id that is. backups.sh fetch ID: brings one back.
# backups.sh prune dry|now WHO: deletes what has had its time there (lines `gone <id> <snapshot>`), for S3 with the keys on stdin.
# backups.sh export ID WHO: one as a tar, on stdout. backups.sh import BYTES WHO: one from stdin, a tar of that size; prints its id.
# backups.sh plan ID WHAT: what a restore of it would replace, as lines. backups.sh restore ID WHAT WHO: does it (see restore.sh).
# shellcheck disable=SC2154 # variables of its parts
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
FOLDER=/var/backups/queuehost
SHIPPED=/var/lib/queuehost-backup/shipped
# shellcheck source=../../lib.sh
. "$here/lib.sh"
# shellcheck source=/dev/null # the files beside this one, and what settings.sh.in renders to
for part in settings where keep sandbox transfer; do . "$here/$part.sh"; done
umask 077

list() {
  local id
  for id in $(sets "$FOLDER"); do
    printf 'set\t%s\t%s\n' "$id" "$(du -sb --apparent-size "$FOLDER/$id" | cut -f 1)"
    cat "$FOLDER/$id/manifest"
  done
  printf 'free\t%s\n' "$(($(stat -f -c '%a * %S' "$FOLDER")))"
  [ -n "$to" ] || return 0
  printf 'place\t%s\n' "$place"
  id=$(away list 2>&1) || id="unreachable	$(one_line "${id#queuehost: }")"
  [ -z "$id" ] || printf '%s\n' "$id"
}

# last_reason UNIT: why its last run failed.
last_reason() {
  journalctl -qu "$1" -n 20 -o cat | sed -n 's/^queuehost: //p' | tail -n 1
}

# make_one: makes a backup of now, and prints its id. The one that runs may have begun before.
make_one() {
  local asked newest
  asked=$(date +%s)
  for _ in 1 2; do
    systemctl start queuehost-backup.service 2>/dev/null || fail "the backup failed: $(last_reason queuehost-backup.service)"
    newest=$(sets "$FOLDER" | head -n 1)
    [ "$(sed -n 's/^made\t//p' "$FOLDER/$newest/manifest")" -lt "$asked" ] || break
  done
  printf '%s\n' "$newest"
}

# ship_all: prints the newest set once it is off the server. The shipping that runs may have begun too early for it.
ship_all() {
  local newest failed asked
  asked=$(date +%s%N)
  [ -n "$to" ] || fail 'backups.to is not set: there are no backups off this server'
  newest=$(sets "$FOLDER" | head -n 1)
  [ -n "$newest" ] || fail 'there is no backup to ship'
  for _ in 1 2; do
    failed=''
    systemctl start queuehost-backup-ship.service 2>/dev/null || failed=$(last_reason queuehost-backup-ship.service)
    # What is there was looked at since; it may be an older one that can't be shipped.
    if [ "$(date -r "$SHIPPED" +%s%N 2>/dev/null || echo 0)" -ge "$asked" ] && grep -q "^$newest	" "$SHIPPED"; then
      printf '%s\n' "$newest"
      return
    fi
    [ -z "$failed" ] || fail "not shipped: $failed"
  done
  fail "not shipped: backup $newest did not get to $place; there are later ones than that"
}

# prune_away dry|now: for S3, two lines on stdin are keys that may delete; without them, the server's own are used.
prune_away() {
  [ -n "$to" ] || fail 'backups.to is not set: there are no backups off this server'
  lent=$(mktemp -d /run/queuehost-lent.XXXXXX)
  # shellcheck disable=SC2064 # as it is now
  trap "rm -rf '$lent'" EXIT
  trap 'exit 143' INT TERM
  cat >"$lent/s3"
  chown -R backup:backup "$lent"
  if [ -s "$lent/s3" ]; then away prune "$1" "$lent"; else away prune "$1"; fi
}

case ${1:-} in
  list) list ;;
  ship)
    made=$(ship_all)
    audit "$2" 'backup ship' "done: $made"
    printf '%s\n' "$made"
    ;;
  fetch) away fetch "$2" ;;
  prune)
    prune_away "$2"
    [ "$2" = dry ] || audit "$3" 'backup prune' 'done'
    ;;
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
  *) fail "backups.sh: should be list, now, ship, fetch, prune, export or import, got ${1:-nothing}" ;;
esac
