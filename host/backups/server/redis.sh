# shellcheck shell=bash disable=SC2034,SC2154 # variables of its callers
# The queue's Redis: a snapshot of a known moment, and a Redis of its own that loads a copy. Callers set work.

live=/run/redis-queue/redis.sock
dump=/var/lib/redis/queue/dump.rdb
paused=0
scratch_redis=''

# ask COMMAND...: the queue's Redis, as the user backup.
ask() { REDISCLI_AUTH=$(cat /run/queuehost-backup/password) redis-cli -e -s "$live" --user backup --no-auth-warning "$@" 2>&1; }
ask_scratch() { redis-cli -e -s "$work/scratch.sock" "$@" 2>&1; }

# of_info NAME: its value in what INFO printed to stdin.
of_info() { tr -d '\r' | sed -n "s/^$1://p"; }
# keys: all databases together, in what INFO keyspace printed to stdin.
keys() { tr -d '\r' | sed -n 's/^db[0-9]*:keys=\([0-9]*\),.*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }
databases() { tr -d '\r' | sed -n 's/^db\([0-9]*\):.*/\1/p'; }

# find_queues CLIENT...: a line for each queue of BullMQ's: database, name with its prefix.
find_queues() {
  local db
  for db in $("$@" info keyspace | databases); do
    "$@" -n "$db" --scan --count 1000 --pattern '*:meta' | grep -v '[[:cntrl:]]' | sort | sed "s/:meta\$//; s/^/$db\t/"
  done
}

# digest_queues FILE CLIENT...: what is in the queues that FILE lists (see queues.lua), with their databases.
digest_queues() {
  local file=$1 db names
  shift
  # shellcheck disable=SC2013 # numbers
  for db in $(cut -f 1 "$file" | sort -nu); do
    mapfile -t names < <(sed -n "s/^$db\t//p" "$file")
    "$@" -n "$db" eval_ro "$(cat "$here/queues.lua")" 0 "${names[@]}" | sed "s/^/$db\t/" || return
  done
}

# idle: no other save or rewrite runs, which would make Redis put ours off.
idle() {
  state=$(ask info persistence) || fail "Redis does not answer: $(one_line "$state")"
  [ "$(of_info rdb_bgsave_in_progress <<<"$state")$(of_info aof_rewrite_in_progress <<<"$state")" = 00 ]
}
saved() { state=$(ask info persistence) && [ "$(of_info rdb_bgsave_in_progress <<<"$state")" = 0 ]; }

unpause() {
  [ "$paused" = 0 ] || ask client unpause >/dev/null || :
  paused=0
}

# shellcheck disable=SC2001 # each of two signs
# quoted TEXT: as one word for redis-cli's stdin.
quoted() { printf '"%s"' "$(sed 's/[\\"]/\\&/g' <<<"$1" | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }')"; }

# moment: what is done while nothing is written, for one redis-cli: each command a line.
moment() {
  local db queue line
  printf '%s\n' 'client pause 5000 write' 'ping =began' 'time' 'bgsave' 'ping =keys' 'info keyspace' 'ping =queues'
  # shellcheck disable=SC2013 # numbers
  for db in $(cut -f 1 "$work/names" | sort -nu); do
    line="eval_ro $(quoted "$(cat "$here/queues.lua")") 0"
    while read -r queue; do line="$line $(quoted "$queue")"; done < <(sed -n "s/^$db\t//p" "$work/names")
    printf '%s\n' "select $db" "$line"
  done
  printf '%s\n' 'ping =end' 'time' 'ping =over' 'client unpause'
}
# part FROM TO: of the answers.
part() { sed -n "/^=$1\$/,/^=$2\$/ { /^=/d; p; }" "$work/answers"; }

# microseconds: of what TIME answered.
microseconds() { paste -sd ' ' | awk '{ printf "%d", $1 * 1000000 + $2 }'; }

# snapshot: makes Redis save at a moment at which nothing is written. Sets counted (keys), pause (ms) and opens the dump as
# file descriptor 3; the queues are in $work/queues. The pause ends with the moment, and by itself after 5 s, should this process
# die.
snapshot() {
  local before
  until idle; do sleep 0.5; done
  find_queues ask >"$work/names"
  moment >"$work/moment"
  before=$(ask info persistence | of_info rdb_saves)
  paused=1
  ask <"$work/moment" >"$work/answers" || :
  paused=0
  [ -z "$database" ] || hold_snapshot
  [ "$(head -n 1 "$work/answers")" = OK ] || fail "Redis refuses to pause: $(head -n 1 "$work/answers")"
  part began keys | grep -q '^Background saving started' || fail "Redis refuses to save: $(part began keys | tail -n 1)"
  [ "$(tail -n 1 "$work/answers")" = OK ] || fail "Redis ended the connection; its journal says why"
  pause=$((($(part end over | microseconds) - $(part began keys | microseconds)) / 1000))
  [ "$pause" -lt 5000 ] || fail "what had to be done while Redis paused took $pause ms, 5000 at most; the next run will do"
  counted=$(part keys queues | keys)
  # Of the answers to SELECT and EVAL_RO, one for each database.
  part queues end | awk -v databases="$(cut -f 1 "$work/names" | sort -nu | paste -sd ' ')" '
    BEGIN { split(databases, number, " ") }
    $0 == "OK" { db = number[++n]; next }
    NF { print db "\t" $0 }' >"$work/queues"
  [ "$(wc -l <"$work/queues")" = "$(wc -l <"$work/names")" ] || fail "the queues can't be read: $(part queues end | grep -m 1 -v '^OK')"
  until saved; do sleep 0.1; done
  [ "$(of_info rdb_last_bgsave_status <<<"$state")" = ok ] || fail 'Redis could not save; its journal says why'
  # From here on the open file stays what it is, even when Redis saves anew; that ours is the newest is checked after opening it.
  exec 3<"$dump" || fail "$dump can't be read"
  [ "$(ask info persistence | of_info rdb_saves)" = $((before + 1)) ] || fail 'Redis saved again in between; the next run will do'
}

# load FILE: an unprivileged Redis without a port, which writes nothing, loads it. Sets loaded: how many keys it found, those that
# expired since included.
load() {
  local log=$work/scratch.log said
  redis-check-rdb "$1" >"$log" 2>&1 || grep -q "Can't handle RDB" "$log" ||
    fail "${1##*/} is damaged: $(grep -m 1 -E '^(--- RDB ERROR|Bad file|Wrong|Short|\[info\].*rror|.*CRC)' "$log" || tail -n 1 "$log")"
  mkdir -p "$work/scratch"
  ln -sf "$(readlink -f "$1")" "$work/scratch/scratch.rdb"
  setpriv --ambient-caps -all redis-server --port 0 --unixsocket "$work/scratch.sock" --dir "$work/scratch" \
    --dbfilename scratch.rdb --save '' --appendonly no --daemonize no --logfile "$log" 3<&- &
  scratch_redis=$!
  until ask_scratch ping 2>/dev/null | grep -q PONG; do
    kill -0 "$scratch_redis" 2>/dev/null || fail "${1##*/} does not load: $(why_not "$1" "$log")"
    sleep 0.05
  done
  said=$(ask_scratch info persistence)
  loaded=$(($(of_info rdb_last_load_keys_loaded <<<"$said") + $(of_info rdb_last_load_keys_expired <<<"$said")))
}

why_not() {
  if grep -q "Can't handle RDB format version" "$2"; then
    printf 'it was made by a newer Redis, or by Valkey (format %s); this server has %s' "$(head -c 9 "$1")" "$(redis-server --version | cut -d ' ' -f 1-3)"
  else
    grep -m 1 -iE 'corrupt|fatal|error|wrong|bad |unexpected|short' "$2" || tail -n 1 "$2"
  fi
}

end_scratch() {
  [ -n "$scratch_redis" ] || return 0
  kill "$scratch_redis" 2>/dev/null || :
  wait "$scratch_redis" 2>/dev/null || :
  scratch_redis=''
}
