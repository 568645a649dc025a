# shellcheck shell=bash
# The application as it runs: units, processes, sandbox, runtime, release, lasting folders, listeners, health, and that it works:
# by its own smoke test, or by its workers' connections to the queue.
# Expects: APP_NAME, APP_PORT, APP_HEALTH, APP_FOLDER (in the release), APP_PROCESSES (backend worker worker-mail), APP_FOLDERS,
# APP_SMOKE_TEST (yes or nothing), EXPECT_RELEASE, EXPECT_NODE_VERSION.
name=${APP_NAME:?}
port=${APP_PORT:?}
: "${APP_HEALTH:?}" "${APP_FOLDER?}" "${APP_PROCESSES?}" "${APP_FOLDERS?}" "${APP_SMOKE_TEST?}"
: "${EXPECT_RELEASE:?}" "${EXPECT_NODE_VERSION:?}"
units=''
for process in $APP_PROCESSES; do units="$units $name-$process"; done
release=$(basename "$(readlink "/srv/$name/current")" 2>/dev/null)
folder=/srv/$name/current${APP_FOLDER:+/$APP_FOLDER}

show() { systemctl show -P "$2" "$1.service"; }
main_pid() {
  pid=$(show "$1" MainPID)
  [ "$pid" != 0 ] && printf '%s' "$pid"
}
main_pids() { for unit in $units; do show "$unit" MainPID; done | xargs; }
# all_pids UNIT: whatever its processes have started, too.
all_pids() {
  local group
  group=$(show "$1" ControlGroup)
  cat /sys/fs/cgroup{,/systemd}"${group:-/nothing}/cgroup.procs" 2>/dev/null
}
exposure() { systemd-analyze security --no-pager "$1.service" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p'; }

pids_before=$(main_pids)
runtime=/opt/queuehost/node/$EXPECT_NODE_VERSION
loose_runtime=$(find /opt/queuehost ! -user root -o ! -type l -perm /022 2>/dev/null | head -n 1)

sandboxed() {
  local score
  score=$(exposure "$1")
  if [ "${score/./}" -le 11 ] 2>/dev/null; then
    pass "$1 is sandboxed" "exposure level $score"
  else
    flunk "$1 is sandboxed" "exposure level ${score:-unknown}, expected at most 1.1"
  fi
}

# runs_pinned_node UNIT: some process of it does, and none runs another Node.
runs_pinned_node() {
  local programs
  programs=$(for pid in $(all_pids "$1"); do readlink "/proc/$pid/exe"; done 2>/dev/null | grep '/node$' | sort -u | xargs)
  if [ "$programs" != "$runtime/bin/node" ]; then
    flunk "$1 runs the pinned Node" "expected $runtime/bin/node, saw ${programs:-no Node}"
  elif ! (cd "$runtime" && sha256sum --status -c SHA256SUMS 2>/dev/null); then
    flunk "$1 runs the pinned Node" "$programs is not the file that was installed"
  elif [ -n "$loose_runtime" ]; then
    flunk "$1 runs the pinned Node" "$loose_runtime can be changed by others than root"
  else
    pass "$1 runs the pinned Node" "$EXPECT_NODE_VERSION, unchanged since its installation"
  fi
}

for unit in $units; do
  check "$unit is active and starts at boot" 'active enabled' "$(show "$unit" ActiveState) $(show "$unit" UnitFileState)"
  # Restarts are counted since the last deliberate start; one that is over for ten minutes is history.
  restarts=$(show "$unit" NRestarts)
  age=$(($(date +%s) - $(date -d "$(show "$unit" ExecMainStartTimestamp)" +%s 2>/dev/null || date +%s)))
  if ! main_pid "$unit" >/dev/null; then
    flunk "$unit doesn't restart by itself" 'not running'
  elif [ "$restarts" = 0 ] || [ "$age" -ge 600 ]; then
    pass "$unit doesn't restart by itself" "$restarts restarts, running for $age s"
  else
    flunk "$unit doesn't restart by itself" "$restarts restarts, the last one $age s ago"
  fi
  sandboxed "$unit"
  if ! pid=$(main_pid "$unit"); then
    for what in 'has no privileges' 'runs the pinned Node' 'runs the current release'; do flunk "$unit $what" 'not running'; done
    continue
  fi
  # Effective capabilities and setuid programs are out of reach, and system calls are filtered.
  state=$(awk '/^(Uid|CapEff|NoNewPrivs|Seccomp):/ {print $2}' "/proc/$pid/status" | xargs)
  check "$unit has no privileges" "$(id -u app) 0000000000000000 1 2" "$state"
  runs_pinned_node "$unit"
  cwd=$(readlink "/proc/$pid/cwd")
  case $cwd/ in
    "/srv/$name/releases/$release/"*) pass "$unit runs the current release" "$cwd" ;;
    *) flunk "$unit runs the current release" "expected a folder of /srv/$name/releases/$release, saw $cwd" ;;
  esac
done
others=$(find /etc/systemd/system -maxdepth 1 \( -name "$name-backend.service" -o -name "$name-worker.service" -o -name "$name-worker-*.service" \) -printf '%f\n' |
  sed 's/\.service$//' | grep -vxF -f <(tr ' ' '\n' <<<"$units" | grep .) | xargs)
none 'no other processes of the application are installed' "$others"

# The release
check 'current is the expected release' "$EXPECT_RELEASE" "$release"
loose=$(find "/srv/$name/current/" ! -user root -o ! -type l -perm /022 2>/dev/null | head -n 1)
if [ -n "$release" ] && [ -z "$loose" ]; then
  pass 'only root can change the release' "/srv/$name/releases/$release"
else
  flunk 'only root can change the release' "${loose:-no release}"
fi

# The folders that outlive it, as the sandbox of each process shows them.
for lasting in $APP_FOLDERS; do
  kept=/srv/$name/shared/$lasting
  check "$lasting outlives the release" "$kept app:app 750" "$(readlink "$folder/$lasting") $(stat -c '%U:%G %a' "$kept" 2>&1)"
  shut=''
  for unit in $units; do
    pid=$(main_pid "$unit") || continue
    nsenter -t "$pid" -m setpriv --reuid app --regid app --clear-groups test -w "$kept" 2>/dev/null || shut="$shut $unit"
  done
  if [ -n "$shut" ]; then
    flunk "$lasting is for the application alone" "not to be written by$shut"
  elif setpriv --reuid nobody --regid nogroup --clear-groups ls "$kept" >/dev/null 2>&1; then
    flunk "$lasting is for the application alone" 'nobody could read it'
  else
    pass "$lasting is for the application alone" 'written by all its processes, shut to others'
  fi
done

# What it listens on. Many an application listens on all addresses: then the packet filter has to keep its port shut.
# dropped PORT: no rule of the server's firewall lets it in. A rule that accepts TCP without naming a port lets in everything.
input=$(nft list chain inet queuehost input 2>/dev/null)
dropped() {
  local rules ranges range
  grep -q 'hook input .*policy drop' <<<"$input" || return 1
  rules=$(grep accept <<<"$input" | grep -vE 'policy|ct state|iif "?lo"? accept|icmp|udp [sd]port')
  ! grep -qv 'tcp dport' <<<"$rules" || return 1
  read -ra ranges <<<"$(sed -E 's/.*tcp dport (\{([^}]*)\}|([0-9-]+)).*/\2\3/; s/,/ /g' <<<"$rules" | xargs)"
  for range in "${ranges[@]}"; do
    if ! [ "$1" -lt "${range%-*}" ] && ! [ "$1" -gt "${range#*-}" ]; then return 1; fi 2>/dev/null
  done
}
pids=$(for unit in $units; do all_pids "$unit"; done | sort -u | xargs | tr ' ' '|')
open='' shut=''
while read -r address; do
  if [ -z "$address" ]; then continue; fi
  if dropped "${address##*:}"; then shut="$shut $address"; else open="$open $address"; fi
done <<<"$(ss -ltnpH | grep -E "pid=(${pids:-none})," | awk '{print $4}' | grep -vE '^(127\.|\[(::1|::ffff:127\..*)\])' | sort -u)"
if [ -n "$open" ]; then
  flunk 'the application listens to nobody outside' "${open# }"
elif [ -n "$shut" ]; then
  pass 'the application listens to nobody outside' "the firewall drops what comes for$shut"
else
  pass 'the application listens to nobody outside' none
fi

# What it answers
case " $APP_PROCESSES " in
  *' backend '*)
    answer=$(curl -sS -o /dev/null -w '%{http_code}' --max-time 3 "http://127.0.0.1:$port$APP_HEALTH" 2>&1)
    case $answer in
      2?? | 3??) pass 'the backend answers' "$answer at $APP_HEALTH" ;;
      *) flunk 'the backend answers' "expected 200 to 399 at $APP_HEALTH, saw $answer" ;;
    esac
    ;;
esac

# That it works. The line that the smoke test ends with may be about a failure, and hold what it failed with.
without_values() { awk -v file="/srv/$name/shared/.env" -f /opt/queuehost/without-values.awk; }
smoke_test() {
  local unit=$name-smoke-test begun result last
  begun=$(date +%s)
  systemctl start "$unit.service" 2>/dev/null
  result=$?
  journalctl --sync 2>/dev/null
  last=$(journalctl -q "_SYSTEMD_UNIT=$unit.service" _TRANSPORT=stdout --since "@$begun" -n 1 -o cat --no-pager 2>/dev/null | without_values)
  if [ "$result" = 0 ]; then
    pass 'the smoke test succeeds' "${last:-no output}"
  else
    flunk 'the smoke test succeeds' "$(show "$unit" Result), exit code $(show "$unit" ExecMainStatus): ${last:-no output}"
    systemctl reset-failed "$unit.service" 2>/dev/null
  fi
}
# connected UNIT: how many connections its processes have to the queue's Redis.
connected() {
  local pids
  pids=$(all_pids "$1" | xargs | tr ' ' '|')
  ss -Htnp state established 'dport = :6379' | grep -cE "pid=(${pids:-none}),"
}
if [ -n "$APP_SMOKE_TEST" ]; then
  sandboxed "$name-smoke-test"
  smoke_test
elif ! grep -qx "QUEUE_ENABLED='false'" "/srv/$name/shared/.env"; then
  for unit in $units; do
    case $unit in *-backend) continue ;; esac
    connections=$(connected "$unit")
    if [ "$connections" -gt 0 ]; then
      pass "$unit is connected to the queue" "$connections connections to its Redis"
    else
      flunk "$unit is connected to the queue" 'no connection to its Redis'
    fi
  done
fi

# A process that isn't there has the number 0.
check 'the processes stayed the same meanwhile' "$(sed -E 's/(^| )0( |$)/\1running\2/g' <<<"$pids_before")" "$(main_pids)"
