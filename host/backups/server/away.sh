#!/bin/bash
# Backups off this server. Run as the user backup, in the sandbox of queuehost-backup-ship.service.
# away.sh open: makes the repository where there is none. away.sh ship: what isn't there yet goes there, and what has had its time
# goes, where the server may delete. away.sh list [SECONDS]: a line `away <id> <snapshot> <bytes> <here|elsewhere>` for each set that is there.
# away.sh fetch ID: brings one here. away.sh check: whether the repository is sound. away.sh prune dry|now [LENT]: the sets that have
# had their time, as lines `gone <id> <snapshot>`; now: deletes them, with credentials of the folder LENT where it is named.
# shellcheck disable=SC2154 # variables of its parts
set -Eeuo pipefail
export LC_ALL=C TZ=UTC
here=$(dirname "$(readlink -f "$0")")
FOLDER=/var/backups/queuehost
STATE=/var/lib/queuehost-backup
# shellcheck source=../../lib.sh
. "$here/lib.sh"
# shellcheck source=/dev/null # the files beside this one, and what settings.sh.in and where.sh.in render to
for part in settings where keep transfer repository ship; do . "$here/$part.sh"; done
umask 077
trap 'exit 143' INT TERM
trap 'printf "queuehost: %s, line %s: exit code %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" $? >&2' ERR

restic_pid=''
clean_up() {
  if [ -n "$restic_pid" ]; then
    kill "$restic_pid" 2>/dev/null || :
    wait "$restic_pid" || :
  fi
  rm -rf "$work"
}
case ${1:-} in ship) work=$(mktemp -d "$FOLDER/.ship.XXXXXX") ;; *) work=$(mktemp -d "$FOLDER/.away.XXXXXX") ;; esac
trap clean_up EXIT
[ -n "$to" ] || fail 'backups.to is not set: there are no backups off this server'

# must STATUS: ends with restic's reason.
must() { fail "$(why_not "$1")"; }

open() {
  local status=0 known=''
  repository 30 --no-lock cat config >"$work/config" || status=$?
  [ ! -f "$STATE/repository" ] || known=$(cat "$STATE/repository")
  if [ "$status" = 10 ] && [ "$known" != "$place" ]; then
    status=0
    repository 60 init >/dev/null || status=$?
    [ "$status" = 0 ] || must "$status"
    log "repository made: $place"
  elif [ "$status" != 0 ]; then
    must "$status"
  fi
  printf '%s\n' "$place" >"$STATE/repository"
  # A check of another place says nothing of this one.
  [ -f "$STATE/checked" ] && [ "$known" = "$place" ] || printf '%s\tnew\n' "$(date +%s)" >"$STATE/checked"
}

check() {
  local status=0
  repository 0 check --read-data-subset="$check_data%" >"$work/out" || status=$?
  if [ "$status" = 0 ]; then
    printf '%s\tok\n' "$(date +%s)" >"$STATE/checked"
    log "$place is sound; $check_data% of its data were read"
    return
  fi
  reason=$(why_not "$status")
  # What restic calls an error of the repository's; anything else is one of reaching it.
  if damaged=$(grep -hm 1 -iE 'does not match|ciphertext verification|not found in|missing|broken|damaged|unexpected EOF|invalid' "$work/restic.log"); then
    reason="$place is damaged: $(one_line "$damaged")"
  fi
  printf '%s\tfailed\t%s\n' "$(date +%s)" "$reason" >"$STATE/checked"
  fail "$reason"
}

fetch() {
  local status=0 line snapshot bytes free
  [[ $1 =~ ^$is_set$ ]] || fail "there is no backup $1: an id is such as 20261122-030004"
  [ ! -d "$FOLDER/$1" ] || return 0
  snapshots >"$work/there" || must $?
  line=$(grep "^$1	" "$work/there") || fail "there is no backup $1, neither on this server nor at $place"
  IFS=$'\t' read -r _ snapshot bytes _ <<<"$line"
  free=$(($(stat -f -c '%a * %S' "$FOLDER")))
  [ "$free" -gt $((bytes + 67108864)) ] ||
    fail "not enough room in $FOLDER: backup $1 needs $((bytes >> 20)) MB and 64 MB to spare, got $((free >> 20)) MB"
  mkdir -p "$work/set/$1"
  repository 0 restore "$snapshot" --target "$work/set/$1" >/dev/null || status=$?
  [ "$status" = 0 ] || must "$status"
  assert_shape "$work/set" >/dev/null
  assert_sums "$work/set/$1" "backup $1, as it came from $place,"
  chmod -R u=rwX,go= "$work/set/$1"
  sync -f "$work/set/$1"
  [ -d "$FOLDER/$1" ] || mv -T "$work/set/$1" "$FOLDER/$1"
  sync "$FOLDER"
  printf '%s\t%s\n' "$1" "$snapshot" >>"$STATE/shipped"
  log "backup $1 was brought from $place"
}

reach
case ${1:-} in
  open) open ;;
  ship) ship ;;
  list)
    snapshots "${2:-30}" >"$work/there" || must $?
    [ -f "$STATE/shipped" ] || : >"$STATE/shipped"
    # What this server sent counts once it was read back.
    awk -F '\t' 'FILENAME == ARGV[1] { shipped[$1, $2] = 1; next } $4 == "elsewhere" || ($1, $2) in shipped { print "away\t" $0 }' "$STATE/shipped" "$work/there"
    ;;
  fetch) fetch "$2" ;;
  check) check ;;
  prune)
    reach "${3:-}"
    snapshots 60 >"$work/there" || must $?
    if [ "$2" = dry ]; then old; else tidy now; fi
    ;;
  *) fail "away.sh: should be open, ship, list, fetch, check or prune, got ${1:-nothing}" ;;
esac
