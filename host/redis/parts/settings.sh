# shellcheck shell=sh
# What an instance was given (its file) against what it runs with.

# What Redis takes while it runs, among the settings that a configuration changes.
LIVE='maxmemory maxmemory-policy appendfsync save'

# value CONF KEY: without the quotes around an empty one.
value() { sed -n "s/^$2 //p" "$1" | sed 's/^""$//'; }

# set_live INSTANCE: settings and users, in one step each. Connections whose user is unchanged stay.
set_live() {
  old=/etc/redis/redis-$1.conf.queuehost-old
  [ ! -f "$old" ] || [ "$(keys <"$old")" = "$(keys <"redis-$1.conf")" ] || return 1
  set -- "$1" "/run/redis-$1/redis.sock" CONFIG SET
  for key in $LIVE; do
    ! grep -q "^$key " "redis-$1.conf" || set -- "$@" "$key" "$(value "redis-$1.conf" "$key")"
  done
  shift
  as_operator "$@" >/dev/null && as_operator "$1" ACL LOAD >/dev/null
}

keys() { sed -n 's/^\([a-z][^ ]*\) .*/\1/p'; }

# differences INSTANCE [SOCKET]: a line for each setting that runs with another value than its file says.
differences() {
  as_operator "${2:-/run/redis-$1/redis.sock}" CONFIG GET '*' |
    awk -v conf="redis-$1.conf" -v limit="$(bytes "$(value "redis-$1.conf" maxmemory)")" -f parts/differences.awk
}

# bytes SIZE: 512mb is 536870912. Redis' units: kb, mb, gb are powers of 1024, k, m, g of 1000.
bytes() {
  number=${1%%[!0-9]*}
  case $1 in
    *[gG][bB]) echo $((number << 30)) ;;
    *[mM][bB]) echo $((number << 20)) ;;
    *[kK][bB]) echo $((number << 10)) ;;
    *[gG]) echo $((number * 1000000000)) ;;
    *[mM]) echo $((number * 1000000)) ;;
    *[kK]) echo $((number * 1000)) ;;
    *) echo "$number" ;;
  esac
}

# fits_in_memory: both limits together leave room for the rest of the machine, and the queue's holds what is in it already.
fits_in_memory() {
  limit=$(bytes "$(value redis-queue.conf maxmemory)")
  both=$((limit + $(bytes "$(value redis-cache.conf maxmemory)")))
  total=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) * 1024))
  { [ "$limit" != 0 ] && [ "$both" -lt "$((total * 9 / 10))" ]; } ||
    fail "redis.maxmemory and cache.maxmemory: should together stay under 90% of the machine's $((total >> 20)) MB, got $((both >> 20)) MB"
  [ "$(value redis-queue.conf maxmemory-policy)" = noeviction ] && systemctl is-active -q redis-server@queue || return 0
  used=$(as_operator /run/redis-queue/redis.sock INFO memory | sed -n 's/^used_memory:\([0-9]*\).*/\1/p')
  [ "${used:-0}" -lt "$limit" ] ||
    fail "redis.maxmemory: should be more than the $((used >> 20)) MB that the queue holds now, got $((limit >> 20)) MB"
}
