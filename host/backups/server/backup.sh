#!/bin/bash
# backup.sh make: a set in FOLDER/<YYYYMMDD-HHMMSS>/ (UTC) of what the application has at one moment, which gets its name once it
# was restored on trial. backup.sh prove SET [quick]: tries a set anew. Run as the user backup, in the sandbox of
# queuehost-backup.service.
# shellcheck disable=SC2154 # variables of its parts
set -Eeuo pipefail
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
FOLDER=/var/backups/queuehost
# shellcheck source=../../lib.sh
. "$here/lib.sh"
# shellcheck source=/dev/null # the files beside this one, and what settings.sh.in renders to
for part in settings redis postgres sqlite files prove keep; do . "$here/$part.sh"; done
umask 077
trap 'exit 143' INT TERM
# What fails without a word says where.
trap 'printf "queuehost: %s, line %s: exit code %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" $? >&2' ERR

# Where a restore asks for what there is (take), and has that proved once it is done.
restoring=$FOLDER/.restore

clean_up() {
  unpause
  close_database
  drop_copies
  end_proof
  [ -z "$work" ] || rm -rf "$work"
}
work=''
trap clean_up EXIT

# needs BYTES WHAT: room in the folder, and 64 MB to spare.
needs() {
  local free
  free=$(($(stat -f -c '%a * %S' "$FOLDER")))
  [ "$free" -gt $(($1 + 67108864)) ] ||
    fail "not enough room in $FOLDER: $2 needs $(($1 >> 20)) MB and 64 MB to spare, got $((free >> 20)) MB"
}

# assert_room: for the set and for trying it; and memory for the fork and for a second Redis.
assert_room() {
  local used available sum=0 folder
  used=$(ask info memory | of_info used_memory) || fail "Redis does not answer: $(one_line "$(ask ping)")"
  available=$(cat /run/queuehost-backup/available)
  [ "$available" -gt $((used + 67108864)) ] ||
    fail "not enough memory to try the copy: $((used >> 20)) MB and 64 MB to spare, got $((available >> 20)) MB"
  for folder in $(lasting); do sum=$((sum + $(du -sb "/$folder" 2>/dev/null | cut -f 1))); done
  [ -z "$database" ] || sum=$((sum + 2 * $(live_sql -c 'select pg_database_size(current_database())')))
  needs $((sum + 2 * used)) 'a backup'
}

# write NAME VALUE...: a line of the manifest.
write() { (IFS=$'\t' && printf '%s\n' "$*") >>"$set/manifest"; }
# write_all NAME <LINES
write_all() { sed "s/^/$1\t/" >>"$set/manifest"; }

# take: what there is at this moment, into $set.
take() {
  set=$work/set
  mkdir "$set"
  assert_room
  [ -z "$database" ] || open_database
  snapshot
  write made "$(date +%s)"
  cat <&3 >"$set/redis.rdb"
  exec 3<&-
  [ ! -e "/srv/$name/current" ] || write release "$(basename "$(readlink -f "/srv/$name/current")")"
  write redis "$(ask info server | of_info redis_version)" "$(head -c 9 "$set/redis.rdb")"
  write pause "$pause"
  write keys "$counted"
  write_all queue <"$work/queues"
  if [ -n "$database" ]; then
    dump_database "$set/postgres.dump"
    write database "$database" "$(live_sql -c 'show server_version')"
    write_all rows <"$work/rows"
  fi
  if [ -n "$(lasting)" ]; then
    pack_files "$set/files.tar"
    write entries "$(wc -l <"$work/entries")"
    lasting | write_all folder
    write_all sqlite <"$work/databases"
  fi
  if [ -f "/srv/$name/shared/.env" ]; then
    seal_env "$set/env.age"
    write recipients "$(wc -l <"$work/recipients")"
  fi
}

# finish: proves what $set holds, and gives it its name.
finish() {
  local id newest
  prove "$set"
  write proved "$(date +%s)"
  # Folders that nobody changed take their room once.
  newest=$(sets "$FOLDER" | head -n 1)
  if [ -f "$set/files.tar" ] && cmp -s "$set/files.tar" "$FOLDER/${newest:-.}/files.tar"; then
    ln -f "$FOLDER/$newest/files.tar" "$set/files.tar"
  fi
  (cd "$set" && sha256sum -- * >SHA256SUMS)
  sync -f "$set"
  id=$(date -u -d "@$(of "$set" made)" +%Y%m%d-%H%M%S)
  [ ! -e "$FOLDER/$id" ] || fail "there is a backup $id already"
  mv -T "$set" "$FOLDER/$id"
  sync "$FOLDER"
  prune "$FOLDER" "$keep" "$keep_daily"
  log "$id, $(of "$FOLDER/$id" keys) keys, $(du -sh "$FOLDER/$id" | cut -f 1), writes paused for $(of "$FOLDER/$id" pause) ms, $(sets "$FOLDER" | wc -l) kept"
}

case ${1:-} in
  make)
    exec 9>"$FOLDER/.lock"
    flock -w 600 9 || fail 'a restore has been running for 10 minutes'
    # What a backup that was killed left behind.
    rm -rf "$FOLDER"/.work.*
    find "$FOLDER" -maxdepth 1 -name ".proof.*" -mmin +60 -exec rm -rf {} +
    work=$(mktemp -d "$FOLDER/.work.XXXXXX")
    if [ -e "$restoring/take" ]; then
      take
      mv -T "$set" "$restoring/before"
      rm "$restoring/take"
      log "$(of "$restoring/before" keys) keys, to be proved after the restore"
    elif [ -e "$restoring/done" ] && [ -d "$restoring/before" ]; then
      # Into a folder that the servers on trial may enter.
      set=$work/set
      mv -T "$restoring/before" "$set"
      finish
    else
      take
      finish
    fi
    ;;
  prove)
    [ -f "$2/manifest" ] || fail "$2 is no backup"
    work=$(mktemp -d "$FOLDER/.proof.XXXXXX")
    (cd "$2" && sha256sum --quiet -c SHA256SUMS >"$work/sums" 2>&1) || fail "$(grep -m 1 FAILED "$work/sums" || head -n 1 "$work/sums") (SHA256SUMS)"
    prove "$2" "${3:-}"
    log "$(of "$2" keys) keys and $(of "$2" queue | wc -l) queues as they were"
    ;;
  *) fail "backup.sh: should be make or prove, got ${1:-nothing}" ;;
esac
