# shellcheck shell=sh
# What `queuehost status` says of the server beside its releases: a line each, its kind first, with tabs between. Reads alone.
export LC_ALL=C
tab=$(printf '\t')

# Keys of BullMQ's queues, whatever their prefix; a queue is what has `<prefix>:<name>:meta` in BullMQ's form.
COUNTS='
local out = {}
for _, meta in ipairs(KEYS) do
  if redis.call("TYPE", meta).ok == "hash" and (redis.call("HEXISTS", meta, "opts.maxLenEvents") == 1 or redis.call("HEXISTS", meta, "version") == 1) then
    local base = string.sub(meta, 1, -5)
    local waiting = redis.call("LLEN", base .. "wait") + redis.call("LLEN", base .. "paused") + redis.call("ZCARD", base .. "prioritized")
    out[#out + 1] = table.concat({"queue", string.sub(base, 1, -2), waiting, redis.call("LLEN", base .. "active"),
      redis.call("ZCARD", base .. "delayed"), redis.call("ZCARD", base .. "failed"), redis.call("HEXISTS", meta, "paused")}, "\t")
  end
end
return out'

ask() { redis-cli -e -s /run/redis-queue/redis.sock --user operator --no-auth-warning "$@"; }

queues() {
  REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) && export REDISCLI_AUTH || return
  keyspace=$(ask info keyspace) || return
  for db in $(printf '%s\n' "$keyspace" | sed -n 's/^db\([0-9]*\):.*/\1/p'); do
    ask -n "$db" --scan --count 1000 --pattern '*:meta' | head -n 500 | while IFS= read -r key; do
      ask -n "$db" --raw eval_ro "$COUNTS" 1 "$key" </dev/null
    done
  done
}

queues 2>/dev/null | grep "^queue$tab" || {
  # No queue at all is no fault; a Redis that doesn't answer is one.
  said=$(REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) ask ping 2>&1) || printf 'redis\t%s\n' "$said" | head -n 1
}

# Jobs that the watch holds, without those that were run again.
for folder in /var/lib/queuehost.d/replay/*/; do
  [ -f "$folder/jobs.jsonl" ] || continue
  open=$(($(grep -c . "$folder/jobs.jsonl") - $(cut -f 1,5 "$folder/marks" 2>/dev/null | grep '^done' | sort -u | grep -c .)))
  [ "$open" -le 0 ] || printf 'held\t%s\t%s\n' "$(basename "$folder")" "$open"
done

newest=$(find /var/backups/queuehost -mindepth 1 -maxdepth 1 -type d -name '????????-??????' 2>/dev/null | sort | tail -n 1)
[ -z "$newest" ] || printf 'backup\t%s\t%s\n' "$(stat -c %Y "$newest/manifest")" "${newest##*/}"
[ "$(systemctl show -P Result queuehost-backup.service)" = success ] ||
  printf 'backup-failed\t%s\n' "$(systemctl show -P Result queuehost-backup.service)"

df -B1 --output=pcent,avail / | awk 'NR == 2 { printf "disk\t%d\t%s\n", $1, $2 }'
