#!/bin/sh
# redis-backup FOLDER KEEP: a copy of the queue, FOLDER/redis-YYYYMMDD-HHMMSS.rdb (UTC) and its .sha256, that counts only once
# it was loaded by a Redis of its own with as many keys as the queue had; then the newest KEEP stay. Run by
# queuehost-backup.service, as the user backup.
set -eu
export LC_ALL=C

folder=$1 keep=$2
live=/run/redis-queue/redis.sock
dump=/var/lib/redis/queue/dump.rdb
password=$(cat /run/queuehost-backup/password)
work=''
scratch=''
paused=0

fail() {
  printf 'queuehost-backup: %s\n' "$*" >&2
  exit 1
}
ask() { REDISCLI_AUTH=$password redis-cli -e -s "$live" --user backup --no-auth-warning "$@" 2>&1; }
# field NAME: its value in what INFO printed to stdin.
field() { tr -d '\r' | sed -n "s/^$1://p"; }
# keys: all databases together, in what INFO keyspace printed to stdin.
keys() { tr -d '\r' | sed -n 's/^db[0-9]*:keys=\([0-9]*\),.*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }

clean_up() {
  [ "$paused" = 0 ] || ask client unpause >/dev/null || :
  [ -z "$scratch" ] || kill "$scratch" 2>/dev/null || :
  [ -z "$work" ] || rm -rf "$work"
}

# snapshot: makes Redis save at a moment at which nothing is written, so that the number of keys is exactly that of the dump.
# Sets `counted`. The pause (milliseconds) ends with the fork, and by itself after 5 s should this script die.
snapshot() {
  until idle; do sleep 0.5; done
  before=$(ask info persistence | field rdb_saves)
  ask client pause 5000 write >/dev/null || fail "Redis refuses to pause: $(ask client pause 5000 write)"
  paused=1
  said=$(ask bgsave) || {
    ask client unpause >/dev/null
    fail "Redis refuses to save: $said"
  }
  counted=$(ask info keyspace | keys)
  ask client unpause >/dev/null
  paused=0
  until state=$(ask info persistence) && [ "$(printf '%s\n' "$state" | field rdb_bgsave_in_progress)" = 0 ]; do sleep 0.1; done
  [ "$(printf '%s\n' "$state" | field rdb_last_bgsave_status)" = ok ] || fail 'Redis could not save; its journal says why'
}

# idle: no other save or rewrite runs, which would make Redis put ours off.
idle() {
  state=$(ask info persistence) || fail "Redis does not answer: $(printf '%s\n' "$state" | head -n 1)"
  [ "$(printf '%s\n' "$state" | field rdb_bgsave_in_progress)$(printf '%s\n' "$state" | field aof_rewrite_in_progress)" = 00 ]
}

# loads FILE: has an unprivileged Redis without a port load it. Sets `loaded`, keys that expired since the snapshot included.
loads() {
  redis-server --port 0 --unixsocket "$work/sock" --dir "$work" --dbfilename "${1##*/}" --save '' --appendonly no \
    --daemonize no --logfile "$work/log" &
  scratch=$!
  until redis-cli -s "$work/sock" ping 2>/dev/null | grep -q PONG; do
    kill -0 "$scratch" 2>/dev/null || fail "the copy does not load: $(tail -n 1 "$work/log")"
    sleep 0.1
  done
  said=$(redis-cli -s "$work/sock" info persistence)
  loaded=$(($(printf '%s\n' "$said" | field rdb_last_load_keys_loaded) + $(printf '%s\n' "$said" | field rdb_last_load_keys_expired)))
  kill "$scratch"
  wait "$scratch" || :
  scratch=''
}

cd "$folder"
exec 9>.lock
flock -n 9 || fail 'another backup is running'
# What a backup that was killed left behind.
rm -rf .work.*
trap clean_up EXIT
trap 'exit 143' INT TERM HUP
work=$(mktemp -d "$folder/.work.XXXXXX")

snapshot
name=redis-$(date -u +%Y%m%d-%H%M%S).rdb
# From here on the open file stays what it is, even when Redis saves anew; that ours is the newest is checked after opening it.
exec 3<"$dump" || fail "$dump can't be read"
[ "$(ask info persistence | field rdb_saves)" = $((before + 1)) ] || fail 'Redis saved again in between; the next run will do'
size=$(stat -L -c %s /dev/fd/3)
free=$(($(stat -f -c '%a * %S' .)))
[ "$free" -gt $((size + 67108864)) ] || fail "not enough room in $folder: $((size >> 20)) MB and 64 MB to spare, got $((free >> 20)) MB"
cat <&3 >"$work/$name"
exec 3<&-
redis-check-rdb "$work/$name" >"$work/check" 2>&1 || fail "the copy is damaged: $(tail -n 1 "$work/check")"
loads "$work/$name"
[ "$loaded" = "$counted" ] || fail "the copy holds $loaded keys, the queue had $counted"
(cd "$work" && sha256sum "$name" >"$name.sha256")
sync "$work/$name" "$work/$name.sha256"
mv "$work/$name.sha256" "$work/$name" .
sync .

# Names are dates: the oldest come first.
set -- redis-*.rdb
while [ $# -gt "$keep" ]; do
  rm -f "$1" "$1.sha256"
  shift
done
printf 'queuehost-backup: %s, %s keys, %s bytes, %s kept\n' "$name" "$counted" "$size" $#
