# shellcheck shell=bash
# Expects: EXPECT_QUEUE_MAXMEMORY, EXPECT_QUEUE_POLICY, EXPECT_QUEUE_APPENDFSYNC, EXPECT_QUEUE_SAVE (may be empty),
# EXPECT_CACHE_MAXMEMORY, EXPECT_CACHE_POLICY, EXPECT_KEY_PREFIX, EXPECT_KEY_PATTERNS (of further keys, separated by spaces, in any
# order; may be empty): as they are configured.
: "${EXPECT_QUEUE_MAXMEMORY:?}" "${EXPECT_QUEUE_POLICY:?}" "${EXPECT_QUEUE_APPENDFSYNC:?}" "${EXPECT_QUEUE_SAVE?}"
: "${EXPECT_CACHE_MAXMEMORY:?}" "${EXPECT_CACHE_POLICY:?}" "${EXPECT_KEY_PREFIX:?}" "${EXPECT_KEY_PATTERNS?}"

# redis PORT COMMAND...: as the operator, over TCP, as the application comes.
redis() {
  REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) timeout 3 redis-cli -e -p "$1" --user operator --no-auth-warning "${@:2}" </dev/null 2>&1
}

# bytes SIZE: Redis' units: kb, mb, gb are powers of 1024, k, m, g of 1000.
bytes() {
  local size=${1,,}
  case $size in
    *gb) echo $((${size%gb} << 30)) ;; *mb) echo $((${size%mb} << 20)) ;; *kb) echo $((${size%kb} << 10)) ;;
    *g) echo $((${size%g} * 1000000000)) ;; *m) echo $((${size%m} * 1000000)) ;; *k) echo $((${size%k} * 1000)) ;;
    *) echo "$size" ;;
  esac
}

# instance NAME PORT MAXMEMORY POLICY PERSISTENCE USERS KEYS CHANNEL: what the running instance says and does.
instance() {
  local name="the $1's Redis" port=$2 running users
  unit "$name is active and starts at boot" "redis-server@$1"
  # One that isn't there says nothing about the rest.
  systemctl is-active -q "redis-server@$1" || return 1
  check "$name listens on 127.0.0.1:$port alone" "127.0.0.1:$port" "$(ss -Hltn "sport = :$port" | awk '{ print $4 }' | sort | paste -sd ' ')"
  check "$name refuses who has no password" NOAUTH "$(timeout 3 redis-cli -p "$port" ping </dev/null 2>&1 | cut -d ' ' -f 1)"
  running=$(redis "$port" CONFIG GET maxmemory maxmemory-policy appendonly appendfsync save)
  setting() { sed -n "/^$1\$/ { n; p; }" <<<"$running"; }
  check "$name has the configured memory" "$(bytes "$3")" "$(setting maxmemory)"
  check "$name evicts as configured" "$4" "$(setting maxmemory-policy)"
  check "$name persists as configured" "$5" "$(setting appendonly)/$(setting appendfsync)/$(setting save)"
  users=$(redis "$port" ACL LIST)
  check "$name knows the expected users alone" "$6" "$(awk '$1 == "user" { print $2 }' <<<"$users" | sort | paste -sd ' ')"
  # The application's user: one password (where none is asked for, the check before says so), its own keys, nothing dangerous.
  check "$name lets the application at its keys alone" "on 1 password $7 &$8 no CONFIG FLUSHALL KEYS" "$(application "$port")"
}

application() {
  local user passwords
  user=$(redis "$1" ACL LIST | grep '^user default ')
  passwords=$(grep -oE ' (#[0-9a-f]{64}|nopass)' <<<"$user" | wc -l)
  printf '%s %s password %s %s no' "$(awk '{ print $3 }' <<<"$user")" "$passwords" \
    "$(grep -o ' ~[^ ]*' <<<"$user" | tr -d ' ' | sort -u | paste -sd ' ')" "$(grep -o ' &[^ ]*' <<<"$user" | tr -d ' ')"
  for command in 'CONFIG GET dir' FLUSHALL 'KEYS x'; do
    # shellcheck disable=SC2086 # one word an argument
    redis "$1" ACL DRYRUN default $command | grep -q 'no permissions' && printf ' %s' "${command%% *}"
  done
}

# The patterns as Redis writes them: all keys are one, and come with all channels.
case " $EXPECT_KEY_PATTERNS " in
  *' * '*) keys='~*' channel='*' ;;
  *) keys=$(printf '%s' "$EXPECT_KEY_PREFIX:* $EXPECT_KEY_PATTERNS" | tr ' ' '\n' | grep . | sed 's/^/~/' | sort -u | paste -sd ' ') channel="$EXPECT_KEY_PREFIX:*" ;;
esac
queue_save=${EXPECT_QUEUE_SAVE//\"/}
if instance queue 6379 "$EXPECT_QUEUE_MAXMEMORY" "$EXPECT_QUEUE_POLICY" "yes/$EXPECT_QUEUE_APPENDFSYNC/$queue_save" \
  'backup default monitor operator' "$keys" "$channel"; then
  check "the queue's Redis could write its data" 'aof_last_write_status:ok rdb_last_bgsave_status:ok' \
    "$(redis 6379 INFO persistence | tr -d '\r' | grep -E '^(aof_last_write|rdb_last_bgsave)_status:' | sort | paste -sd ' ')"
fi
instance cache 6380 "$EXPECT_CACHE_MAXMEMORY" "$EXPECT_CACHE_POLICY" no/everysec/ 'default monitor operator' '~*' '*' || :

check "Debian's own Redis is off" inactive "$(systemctl is-active redis-server)"
modes 'the configuration is for root and Redis alone' 'root:redis 640' /etc/redis/{queue,cache}.acl /etc/redis/redis-{queue,cache}.conf
modes 'the passwords are for root alone' 'root:root 600' /etc/queuehost/credentials/redis-*
