# shellcheck shell=bash
# The application as it runs: units, processes, sandbox, runtime, listeners, health, release, and one job from end to end.
# Expects: APP_NAME, APP_PORT, EXPECT_RELEASE, EXPECT_NODE_VERSION, EXPECT_QUEUE (active or disabled).
name=${APP_NAME:?}
port=${APP_PORT:?}
queue=${EXPECT_QUEUE:?}
: "${EXPECT_RELEASE:?}" "${EXPECT_NODE_VERSION:?}"
url=http://127.0.0.1:$port
units="$name-backend $name-worker"
release=$(basename "$(readlink "/srv/$name/current")" 2>/dev/null)

show() { systemctl show -P "$2" "$1.service"; }
running_pid() {
  pid=$(show "$1" MainPID)
  [ "$pid" != 0 ] && printf '%s' "$pid"
}
# sandboxed UNIT LIMIT: systemd's own exposure level, in tenths.
exposure() { systemd-analyze security --no-pager "$1.service" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p'; }

pids_before=$(for unit in $units; do show "$unit" MainPID; done | xargs)

for unit in $units; do
  check "$unit is active and starts at boot" 'active enabled' "$(show "$unit" ActiveState) $(show "$unit" UnitFileState)"
  # Restarts are counted since the last deliberate start; one that is over for ten minutes is history.
  restarts=$(show "$unit" NRestarts)
  age=$(($(date +%s) - $(date -d "$(show "$unit" ExecMainStartTimestamp)" +%s 2>/dev/null || date +%s)))
  if ! running_pid "$unit" >/dev/null; then
    flunk "$unit doesn't restart by itself" 'not running'
  elif [ "$restarts" = 0 ] || [ "$age" -ge 600 ]; then
    pass "$unit doesn't restart by itself" "$restarts restarts, running for $age s"
  else
    flunk "$unit doesn't restart by itself" "$restarts restarts, the last one $age s ago"
  fi
  score=$(exposure "$unit")
  if [ "${score/./}" -le 11 ] 2>/dev/null; then
    pass "$unit is sandboxed" "exposure level $score"
  else
    flunk "$unit is sandboxed" "exposure level ${score:-unknown}, expected at most 1.1"
  fi
  if ! pid=$(running_pid "$unit"); then
    for what in 'has no privileges' 'runs the pinned Node' 'runs the current release'; do flunk "$unit $what" 'not running'; done
    continue
  fi
  # Effective capabilities and setuid programs are out of reach, and system calls are filtered.
  state=$(awk '/^(Uid|CapEff|NoNewPrivs|Seccomp):/ {print $2}' "/proc/$pid/status" | xargs)
  check "$unit has no privileges" "$(id -u app) 0000000000000000 1 2" "$state"
  exe=$(readlink "/proc/$pid/exe")
  folder=/opt/queuehost/node/$EXPECT_NODE_VERSION
  loose=$(find /opt/queuehost ! -user root -o ! -type l -perm /022 2>/dev/null | head -n 1)
  if [ "$exe" != "$folder/bin/node" ]; then
    flunk "$unit runs the pinned Node" "expected $folder/bin/node, saw $exe"
  elif ! (cd "$folder" && sha256sum --status -c SHA256SUMS 2>/dev/null); then
    flunk "$unit runs the pinned Node" "$exe is not the file that was installed"
  elif [ -n "$loose" ]; then
    flunk "$unit runs the pinned Node" "$loose can be changed by others than root"
  else
    pass "$unit runs the pinned Node" "$EXPECT_NODE_VERSION, unchanged since its installation"
  fi
  check "$unit runs the current release" "/srv/$name/releases/$release/${unit##*-}" "$(readlink "/proc/$pid/cwd")"
done

# The release
check 'current is the expected release' "$EXPECT_RELEASE" "$release"
loose=$(find "/srv/$name/current/" ! -user root -o ! -type l -perm /022 2>/dev/null | head -n 1)
if [ -n "$release" ] && [ -z "$loose" ]; then
  pass 'only root can change the release' "/srv/$name/releases/$release"
else
  flunk 'only root can change the release' "${loose:-no release}"
fi

# What it listens on
check "port $port is open on 127.0.0.1 alone" "127.0.0.1:$port" "$(ss -ltnH "sport = :$port" | awk '{print $4}' | sort -u | xargs)"
others=$(ss -ltnpH | awk '{print $4, $6}' | grep -E "pid=(${pids_before// /|})," | awk '{print $1}' | grep -vE '^(127\.|\[::1\])' | xargs)
none 'the application listens to nobody outside' "$others"

# What it answers
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
health=$(curl -sS -w ' %{http_code}' --max-time 3 "$url/health" 2>&1)
check 'the backend answers' 200 "${health##* }"
check 'the backend answers with the expected release' "$EXPECT_RELEASE" "$(field release <<<"$health")"
check 'the queue is in use' "$queue" "$(field queue <<<"$health")"

# A job, from the request to its effect. Without the queue the request does the work itself.
if [ "$queue" = active ]; then started='202' label='a worker does a job'; else started='201' label='a request does its job'; fi
begin=$(date +%s%N)
day=$(date +%F)
answer=$(curl -sS -w ' %{http_code}' --max-time 5 -H 'content-type: application/json' -H "idempotency-key: verification-$begin" \
  -d "{\"guest\":\"Verification\",\"email\":\"verification@example.org\",\"resource\":\"Verification\",\"from\":\"$day\",\"to\":\"$day\"}" \
  "$url/reservations" 2>&1)
if [ "${answer##* }" != "$started" ]; then
  flunk "$label" "POST /reservations answered ${answer##* }, expected $started"
else
  state=$(field status <<<"$answer")
  took=0
  while [ "$state" != completed ] && [ "$state" != failed ] && [ "$took" -lt 4000 ]; do
    sleep 0.05
    state=$(curl -sS --max-time 2 "$url/reservations/verification-$begin" 2>&1 | field status)
    took=$((($(date +%s%N) - begin) / 1000000))
  done
  if [ "$state" = completed ]; then pass "$label" "done after $took ms"; else flunk "$label" "$state after $took ms"; fi
fi
# Nobody made this reservation. One that was too slow is deleted by a later verification, but never another's of right now.
rm -f "/var/lib/$name/confirmations/verification-$begin.html"
find "/var/lib/$name/confirmations" -regextype posix-extended -mmin +1 -regex '.*/verification-[0-9]{19}\.html' -delete 2>/dev/null

# A process that isn't there has the number 0.
check 'the processes stayed the same meanwhile' "$(sed -E 's/(^| )0( |$)/\1running\2/' <<<"$pids_before")" "$(for unit in $units; do show "$unit" MainPID; done | xargs)"
