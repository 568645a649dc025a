#!/bin/bash
# restore.sh plan ID WHAT: what there is now and what is in the backup, as lines. WHAT: words of redis, postgres, files.
# restore.sh run ID WHAT WHO: makes all new data beside the old, and only then stops the application and renames; where anything
# fails, the old data are in service again. restore.sh undo WHO: the same for one that was killed.
# shellcheck disable=SC2154 # variables of its parts
set -Eeuo pipefail
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
FOLDER=/var/backups/queuehost
# shellcheck source=../../lib.sh
. "$here/lib.sh"
# shellcheck source=/dev/null # the files beside this one, and what settings.sh.in renders to
for part in settings where redis postgres files prove keep sandbox app restore-safety restore-redis restore-postgres restore-files; do . "$here/$part.sh"; done
umask 077
RELEASE="$tools/release"

# assert_set ID WHAT
assert_set() {
  local what
  set=$FOLDER/$1
  [ -z "$to" ] || [ -d "$set" ] || away fetch "$1" || exit
  [[ $1 =~ ^[0-9]{8}-[0-9]{6}$ && -f $set/manifest ]] || fail "there is no backup $1 on this server"
  for what in $2; do
    case $what in
      redis) ;;
      postgres)
        [ -n "$(of "$set" database)" ] || fail "backup $1 has no database"
        [ -n "$database" ] || fail 'postgres.enabled is false: there is no PostgreSQL to restore to'
        ;;
      files) [ -n "$(of "$set" entries)" ] || fail "backup $1 has no folders" ;;
      *) fail "--what: should be some of redis, postgres, files, got $what" ;;
    esac
  done
}

unfinished() {
  [ -d "$redis_folder.before" ] || [ -e "/srv/$name/shared/.before" ] || [ -e "$restoring" ]
}

plan() {
  local folder
  case " $2 " in *' redis '*)
    find_queues as_operator >"$work/names"
    digest_queues "$work/names" as_operator | sed 's/^/now\tqueue\t/'
    of "$set" queue | sed 's/^/backup\tqueue\t/'
    ;;
  esac
  case " $2 " in *' postgres '*)
    said=$(live_sql <<<"$ROWS") || fail "postgres does not answer: $(one_line "$said")"
    [ -z "$said" ] || printf '%s\n' "$said" | sed 's/^/now\trows\t/'
    of "$set" rows | sed 's/^/backup\trows\t/'
    ;;
  esac
  case " $2 " in *' files '*)
    tar --list --file "$set/files.tar" >"$work/list"
    for folder in $(of "$set" folder); do
      printf 'now\tfolder\t%s\t%s\n' "$folder" "$(find "/$folder" ! -type d 2>/dev/null | wc -l)"
      printf 'backup\tfolder\t%s\t%s\n' "$folder" "$(grep "^$folder/" "$work/list" | grep -vc '/$')"
    done
    ;;
  esac
}

end_maintenance() {
  [ ! -f "$ours" ] || "$RELEASE" maintenance off "$who" >/dev/null
  rm -f "$ours"
}

# mark NAME: how far this restore has come, for whoever comes after the loss of power.
mark() {
  : >"$restoring/$1"
  sync "$restoring/$1" "$restoring"
}

# resume: what was left of a restore that was killed.
resume() {
  if [ -e "$restoring/done" ]; then
    log 'the backup was in service already'
    start_app
    complete
  elif [ -e "$restoring" ] && [ ! -e "$restoring/touched" ]; then
    clear_staged
    log 'nothing was touched'
  else
    put_back
  fi
}

# clear_staged: the new data, of a restore that hasn't touched the old.
clear_staged() {
  back_redis
  [ -z "$database" ] || back_postgres
  back_files
  rm -rf "$restoring"
}

# put_back: the old data in service again, whatever a restore had done when it ended. Killed again, it can be run again.
put_back() {
  log 'putting the old data back'
  stop_app
  back_redis
  [ -z "$database" ] || back_postgres
  back_files
  if start_app; then
    at_boot m_enable
    rm -rf "$restoring"
    end_maintenance
  else
    printf 'queuehost: the application does not come up with the old data either; maintenance stays on\n' >&2
    return 1
  fi
}

# finish: however it ends.
finish() {
  status=$?
  trap '' INT TERM
  trap - EXIT ERR
  set +e
  if [ "$status" != 0 ] && [ -z "$reason_of_end" ]; then
    reason_of_end="ended at ${where:-a signal}"
    printf 'queuehost: %s\n' "$reason_of_end" >&2
  fi
  [ -z "$scratch_redis" ] || kill "$scratch_redis" 2>/dev/null
  if [ "$status" != 0 ] && [ "$touched" = 1 ]; then
    if put_back; then printf 'queuehost: the old data are in service\n' >&2; fi
  elif [ "$status" != 0 ] && [ -n "$staged" ]; then
    clear_staged
    printf 'queuehost: nothing was touched\n' >&2
  fi
  rm -rf "${work:?}"
  (exit "$status")
  at_end
}

run() {
  local what began seconds
  log "proving backup $1"
  prove_set "$set" >/dev/null || fail "backup $1 is not good; nothing was touched"
  # Out of the way of what is pruned meanwhile.
  mkdir "$restoring"
  staged=yes
  cp -al "$set" "$restoring/set"
  set=$restoring/set
  printf '%s %s\n' "$1" "$2" >"$restoring/what"
  for what in $2; do
    log "making $what of backup $1 beside what is there"
    "stage_$what" "$set"
  done
  touched=1
  mark touched
  began=$(date +%s%3N)
  if [ -x "$RELEASE" ] && [ ! -e "/srv/$name/maintenance/index.html" ]; then
    : >"$ours"
    "$RELEASE" maintenance on "$who" 'We are restoring data and will be back in a moment.' 60 >/dev/null
  fi
  log 'the application finishes what it runs'
  # Should the power fail from here on, it doesn't run on data of two moments.
  at_boot m_disable
  stop_app
  copy_aside
  exec 8>"$FOLDER/.lock"
  flock -w 600 8 || fail 'a backup has been running for 10 minutes'
  for what in $2; do
    log "putting $what in place"
    "swap_$what"
  done
  start_app
  mark 'done'
  exec 8>&-
  touched=0 staged=''
  seconds=$(($(date +%s%3N) - began))
  complete
  log "backup $1 is in service${requeued:+, $requeued jobs that were running then wait again}; out of service for $seconds ms"
}

ours=$FOLDER/.maintenance
restoring=$FOLDER/.restore
touched=0 staged='' requeued='' where=''
work=$(mktemp -d /run/queuehost-restore.XXXXXX)
# Removed by at_end, too.
# shellcheck disable=SC2034
scratch=$work
# The servers on trial reach their own folders in it.
chmod 711 "$work"
trap 'rm -rf "$work"' EXIT
case ${1:-} in
  plan)
    assert_set "$2" "$3"
    plan "$2" "$3"
    ;;
  run | undo)
    who=${*: -1}
    exec 7>/run/lock/queuehost-restore.lock
    flock -n 7 || fail 'another restore is running'
    [ "$1" = undo ] || assert_set "$2" "$3"
    audit_who=$who audit_what="restore $([ "$1" = undo ] && echo undone || echo "$2")"
    # Nobody changes the application meanwhile.
    # shellcheck disable=SC2034 # of lock.sh
    root=/srv/$name
    if [ -f "$tools/lock.sh" ]; then
      # shellcheck source=/dev/null # of the application's bundle
      . "$tools/lock.sh"
      hold "$who" "restoring a backup"
    else
      alone "app-$name"
    fi
    trap finish EXIT
    trap 'where="${BASH_SOURCE[0]##*/}, line $LINENO"' ERR
    trap 'exit 143' INT TERM
    if unfinished; then
      resume
    elif [ "$1" = undo ]; then
      log 'there is no restore to be undone'
    fi
    [ "$1" = undo ] || run "$2" "$3"
    ;;
  *) fail "restore.sh: should be plan, run or undo, got ${1:-nothing}" ;;
esac
