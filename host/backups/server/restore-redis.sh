# shellcheck shell=bash disable=SC2034,SC2154 # variables of its callers
# The queue's Redis, restored: its new folder is made beside the old one, by a Redis of its own, and takes its place by a rename.

redis_folder=/var/lib/redis/queue

as_operator() {
  REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli -e -s "$live" --user operator --no-auth-warning "$@" 2>&1
}

# lasting_keys: those without an end, of what INFO keyspace printed to stdin.
lasting_keys() { tr -d '\r' | sed -n 's/^db[0-9]*:keys=\([0-9]*\),expires=\([0-9]*\).*/\1 \2/p' | awk '{ n += $1 - $2 } END { print n + 0 }'; }

# seen FILE CLIENT...: what its queues hold, and how many lasting keys there are.
seen() {
  local file=$1
  shift
  find_queues "$@" >"$file.names"
  digest_queues "$file.names" "$@" >"$file"
  "$@" info keyspace | lasting_keys >>"$file"
}

# stage_redis SET: a Redis that loads an append-only file doesn't look at dump.rdb beside it; so the new folder gets one that was
# made from the dump. Sets requeued.
stage_redis() {
  local new=$redis_folder.restored limit used db names
  rm -rf "$new"
  # The dump, an append-only file, and a dump once more.
  assert_room "${redis_folder%/*}" $((3 * $(size_of "$1/redis.rdb"))) redis
  install -d -o redis -g redis -m 750 "$new"
  install -o redis -g redis -m 640 "$1/redis.rdb" "$new/dump.rdb"
  install -d -o redis -g redis -m 700 "$work/redis"
  unshare --net setpriv --reuid redis --regid redis --clear-groups --no-new-privs --bounding-set=-all sh -c 'umask 027; exec "$@"' sh \
    redis-server --port 0 --unixsocket "$work/redis/scratch.sock" --dir "$new" --dbfilename dump.rdb --save '' --appendonly no \
    --daemonize no --logfile '' >"$work/redis.log" 2>&1 9>&- &
  scratch_redis=$!
  until ask_staged ping 2>/dev/null | grep -q PONG; do
    kill -0 "$scratch_redis" 2>/dev/null || fail "redis.rdb does not load: $(why_not "$1/redis.rdb" "$work/redis.log")"
    sleep 0.05
  done
  used=$(ask_staged info memory | of_info used_memory)
  limit=$(sed -n 's/^maxmemory \([0-9]*[kmg]\)b$/\1/p' /etc/redis/redis-queue.conf | tr kmg KMG | numfmt --from=iec --to-unit=1 --format=%.0f 2>/dev/null || :)
  [ -z "$limit" ] || [ "$used" -lt "$limit" ] ||
    fail "redis.maxmemory: should be more than the $((used >> 20)) MB that the backup holds, got $((limit >> 20)) MB"
  requeued=0
  find_queues ask_staged >"$work/names"
  # shellcheck disable=SC2013 # numbers
  for db in $(cut -f 1 "$work/names" | sort -nu); do
    mapfile -t names < <(sed -n "s/^$db\t//p" "$work/names")
    requeued=$((requeued + $(ask_staged -n "$db" eval "$(cat "$here/requeue.lua")" 0 "${names[@]}")))
  done
  seen "$work/staged" ask_staged
  ask_staged config set appendonly yes >/dev/null
  until rewritten; do sleep 0.05; done
  ask_staged save >/dev/null
  ask_staged shutdown nosave >/dev/null || :
  wait "$scratch_redis" || :
  scratch_redis=''
}
ask_staged() { redis-cli -e -s "$work/redis/scratch.sock" "$@" 2>&1; }
rewritten() {
  local state
  state=$(ask_staged info persistence)
  [ "$(of_info aof_last_bgrewrite_status <<<"$state")" = ok ] || fail 'Redis could not write an append-only file of the backup'
  [ "$(of_info aof_rewrite_in_progress <<<"$state")$(of_info aof_rewrite_scheduled <<<"$state")" = 00 ]
}

swap_redis() {
  systemctl stop redis-server@queue
  mv -T "$redis_folder" "$redis_folder.before"
  mv -T "$redis_folder.restored" "$redis_folder"
  systemctl start redis-server@queue || fail "Redis does not start with the backup: $(journalctl -qu redis-server@queue -n 20 -o cat | grep -m 1 -iE 'fatal|error|bad ')"
  wait_for 60 as_operator ping || fail 'Redis does not answer with the backup'
  seen "$work/now" as_operator
  same "$work/staged" "$work/now" || fail "Redis holds something else than the backup: $difference"
}

# back_redis: the old folder in its place again, wherever a restore ended.
back_redis() {
  rm -rf "$redis_folder.restored"
  [ -d "$redis_folder.before" ] || return 0
  systemctl stop redis-server@queue
  rm -rf "$redis_folder"
  mv -T "$redis_folder.before" "$redis_folder"
  systemctl reset-failed redis-server@queue 2>/dev/null || :
  systemctl start redis-server@queue
  wait_for 60 as_operator ping
}

drop_redis() { rm -rf "$redis_folder.before"; }
# keep_redis STAMP: where there is no backup of it.
keep_redis() {
  mv -T "$redis_folder.before" "$redis_folder.before-$1"
  printf '%s' "$redis_folder.before-$1"
}
