# shellcheck shell=bash
# The application as it runs: the live side's processes, sandbox, limits, runtime, release, lasting folders, listeners, health, that
# the other side is at rest, and that it works: by its own smoke test, or by its workers' connections to the queue.
# Expects: APP_NAME, APP_PORT, APP_HEALTH, APP_FOLDER (in the release), APP_INSTANCES (backend=2 worker=1), APP_MANAGER (systemd or
# pm2), APP_FOLDERS, APP_SMOKE_TEST (yes or nothing), EXPECT_RELEASE, EXPECT_NODE_VERSION.
name=${APP_NAME:?}
port=${APP_PORT:?}
: "${APP_HEALTH:?}" "${APP_FOLDER?}" "${APP_INSTANCES?}" "${APP_MANAGER:?}" "${APP_FOLDERS?}" "${APP_SMOKE_TEST?}"
: "${EXPECT_RELEASE:?}" "${EXPECT_NODE_VERSION:?}"
root=/srv/$name
tools=/opt/queuehost/app
if ! cd "$tools" 2>/dev/null || ! [ -x release ]; then
  flunk 'there is a release' "$tools isn't there: nothing was deployed"
  exit 0
fi
# shellcheck source=sides.sh
. ./sides.sh
live=$(live_side)
release=$(release_of "$live")
folder=$root/current${APP_FOLDER:+/$APP_FOLDER}

# The live side's instances, a line each: name, process id, restarts, state, memory.
look=$(on "$live" m_look "$live")
instances_of() { awk -v prefix="$name-$1@" 'index($1, prefix) == 1' <<<"$look"; }
main_pids() { awk '$2 > 0 { print $2 }' <<<"$look" | xargs; }
show() { systemctl show -P "$2" "$1"; }
# unit_of INSTANCE: the one whose sandbox it runs in.
unit_of() { case $APP_MANAGER in systemd) printf '%s.service' "$1" ;; *) printf '%s-pm2@%s.service' "$name" "$live" ;; esac }
# all_pids PID: the process, and what it has started. Under systemd, all that runs in its unit.
all_pids() {
  local group
  if [ "$APP_MANAGER" = systemd ]; then
    group=$(sed -n 's/^[0-9]*:\(name=systemd\|\)://p' "/proc/$1/cgroup" 2>/dev/null | head -n 1)
    cat /sys/fs/cgroup{,/systemd}"${group:-/nothing}/cgroup.procs" 2>/dev/null
  else
    # By cat, which passes over what has ended meanwhile; Debian's awk would give up.
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v top="$1" '
      { id = $1; sub(/.*\) /, ""); parent[id] = $2 }
      END { for (id in parent) { for (up = id; up != top && up > 1; up = parent[up]); if (up == top) print id } }'
  fi
}
exposure() { systemd-analyze security --no-pager "$1" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p'; }

pids_before=$(main_pids)
runtime=/opt/queuehost/node/$EXPECT_NODE_VERSION
changed_runtime=''
(cd "$runtime" 2>/dev/null && sha256sum --status -c SHA256SUMS 2>/dev/null) || changed_runtime="$runtime/bin/node is not the file that was installed"
loose_runtime=$(find /opt/queuehost ! -user root -o ! -type l -perm /022 2>/dev/null | head -n 1)

# sandboxed NAME UNIT
sandboxed() {
  local score
  score=$(exposure "$2")
  if [ "${score/./}" -le 11 ] 2>/dev/null; then
    pass "$1 is sandboxed" "exposure level $score"
  else
    flunk "$1 is sandboxed" "exposure level ${score:-unknown}, expected at most 1.1"
  fi
}

# verdict NAME WRONG SEEN: of what was asked of each instance.
verdict() { if [ -z "$2" ]; then pass "$1" "$3"; else flunk "$1" "${2#, }"; fi; }

# of_all PROCESS NAME FUNCTION SEEN: FUNCTION INSTANCE PID RESTARTS prints what is wrong with an instance that runs.
of_all() {
  local wrong='' said instance pid restarts
  while read -r instance pid restarts _; do
    if [ "${pid:-0}" = 0 ]; then said='not running'; else said=$("$3" "$instance" "$pid" "$restarts"); fi
    [ -z "$said" ] || wrong="$wrong, ${instance##*@}: $said"
  done <<<"$(instances_of "$1")"
  verdict "$name-$1 $2" "$wrong" "$4"
}

# Restarts are counted since the last deliberate start; one that is over for ten minutes is history.
restarted() {
  local age
  [ "$3" != 0 ] || return 0
  age=$(ps -o etimes= -p "$2" | xargs)
  [ "${age:-0}" -ge 600 ] || printf '%s restarts, the last one %s s ago' "$3" "${age:-0}"
}
# Effective capabilities and setuid programs are out of reach, and system calls are filtered.
privileged() {
  local state
  state=$(awk '/^(Uid|CapEff|NoNewPrivs|Seccomp):/ {print $2}' "/proc/$2/status" | xargs)
  [ "$state" = "$(id -u app) 0000000000000000 1 2" ] || printf 'expected %s 0000000000000000 1 2, saw %s' "$(id -u app)" "$state"
}
# Some process of it runs the pinned Node, and none another.
other_node() {
  local programs
  programs=$(for pid in $(all_pids "$2"); do readlink "/proc/$pid/exe"; done 2>/dev/null | grep '/node$' | sort -u | xargs)
  if [ "$programs" != "$runtime/bin/node" ]; then
    printf 'expected %s, saw %s' "$runtime/bin/node" "${programs:-no Node}"
  elif [ -n "$loose_runtime" ]; then
    printf '%s can be changed by others than root' "$loose_runtime"
  else
    printf '%s' "$changed_runtime"
  fi
}
elsewhere() {
  local cwd
  cwd=$(readlink "/proc/$2/cwd")
  case $cwd/ in
    "$root/releases/$release/"*) ;;
    *) printf 'expected a folder of %s, saw %s' "$root/releases/$release" "$cwd" ;;
  esac
}
# Memory is limited in the kernel as the unit says; and short of memory, the application goes before Redis and sshd.
unlimited() {
  local limit group said
  [ "$(cat "/proc/$2/oom_score_adj")" = 500 ] || printf 'oom_score_adj %s, expected 500' "$(cat "/proc/$2/oom_score_adj")"
  [ "$APP_MANAGER" = systemd ] || return 0
  limit=$(show "$(unit_of "$1")" MemoryMax)
  group=$(sed -n 's/^[0-9]*:memory://p; s/^0:://p' "/proc/$2/cgroup" | head -n 1)
  said=$(cat "/sys/fs/cgroup$group/memory.max" "/sys/fs/cgroup/memory$group/memory.limit_in_bytes" 2>/dev/null | head -n 1)
  { [ "$limit" = "$said" ] && [ "$limit" != infinity ]; } || printf 'memory limited to %s by its unit, and to %s in the kernel' "$limit" "${said:-nothing}"
}

for wanted in $APP_INSTANCES; do
  process=${wanted%=*} count=${wanted#*=}
  seen=$(instances_of "$process" | while read -r instance _ _ state _; do
    printf '%s %s %s, ' "${instance##*@}" "$state" "$(show "$(unit_of "$instance")" UnitFileState)"
  done)
  expected=$(for number in $(seq "$count"); do printf '%s active enabled, ' "$live$number"; done)
  check "$name-$process is active and starts at boot" "${expected%, }" "${seen%, }"
  of_all "$process" "doesn't restart by itself" restarted "no restart of $count"
  sandboxed "$name-$process" "$(unit_of "$name-$process@${live}1")"
  of_all "$process" 'has no privileges' privileged "user app, without capabilities"
  of_all "$process" 'runs the pinned Node' other_node "$EXPECT_NODE_VERSION, unchanged since its installation"
  of_all "$process" 'runs the current release' elsewhere "$root/releases/$release"
  of_all "$process" 'has its limits' unlimited 'memory, and first to go when it is short'
done

# The sides
check 'the processes are run as configured' "$APP_MANAGER" "$(setting_of "$live" manager)"
idle=$(other_side "$live")
awake=$({
  systemctl list-units --plain --no-legend --all "$name-*@$idle*.service" | awk '$3 != "inactive" && $3 != "failed" { print $1 " is " $3 }'
  systemctl list-unit-files --no-legend --state=enabled "$name-*@$idle*.service" | awk '{ print $1 " is enabled" }'
} | head -n 3 | paste -sd ,)
none 'the other side is at rest' "$awake"
strangers=$(for file in /etc/systemd/system/"$name"-backend*.service /etc/systemd/system/"$name"-worker*.service; do
  unit=${file##*/} unit=${unit%.service}
  case $unit in
    *'*'*) continue ;;
    *@"$idle"[1-9]) continue ;;
    *@"$live"[1-9])
      process=${unit%@*} process=${process#"$name-"}
      # shellcheck disable=SC2086 # one word a process
      count=$(printf '%s\n' $APP_INSTANCES | sed -n "s/^$process=//p")
      [ "$APP_MANAGER" != systemd ] || [ "${unit##*@?}" -gt "${count:-0}" ] || continue
      ;;
    # What 0.2.0 left belongs to side a, until that is prepared for another release.
    *@*) ;;
    *) [ "$idle" != a ] || [ "$(systemctl is-active "$unit") $(systemctl is-enabled "$unit" 2>/dev/null)" != 'inactive disabled' ] || continue ;;
  esac
  printf '%s ' "$unit"
done)
none 'no other processes of the application are installed' "${strangers% }"
if [ -f "$root/lock" ] && pid=$(sed -n 's/^pid=//p' "$root/lock") && [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null; then
  flunk 'no change has died half-way' "$(sed -n 's/^why=//p' "$root/lock"), by $(sed -n 's/^who=//p' "$root/lock"); queuehost up heals it"
else
  pass 'no change has died half-way' none
fi
lost=$(for kept in "$root"/kept/*/; do
  kept=${kept%/} id=${kept##*/}
  node=$(sed -n "s/^node_version='\(.*\)'/\1/p" "$kept/settings.sh" 2>/dev/null)
  [ -d "$root/releases/$id" ] && [ -x "/opt/queuehost/node/$node/bin/node" ] || printf '%s ' "$id"
done)
if [ -z "$lost" ]; then
  pass 'what is kept can be gone back to' "$(find "$root/kept" -mindepth 1 -maxdepth 1 | wc -l) releases"
else
  flunk 'what is kept can be gone back to' "files or Node are missing of ${lost% }"
fi
modes 'the audit log is for root and adm' 'root:adm 640' /var/log/queuehost/audit.log

# The release
check 'current is the expected release' "$EXPECT_RELEASE" "$release"
loose=$(find "$root/current/" ! -user root -o ! -type l -perm /022 2>/dev/null | head -n 1)
if [ -n "$release" ] && [ -z "$loose" ]; then
  pass 'only root can change the release' "$root/releases/$release"
else
  flunk 'only root can change the release' "${loose:-no release}"
fi

# The folders that outlive it, as the sandbox of each process shows them.
for lasting in $APP_FOLDERS; do
  kept=$root/shared/$lasting
  check "$lasting outlives the release" "$kept app:app 750" "$(readlink "$folder/$lasting") $(stat -c '%U:%G %a' "$kept" 2>&1)"
  shut=''
  for pid in $pids_before; do
    nsenter -t "$pid" -m setpriv --reuid app --regid app --clear-groups test -w "$kept" 2>/dev/null ||
      shut="$shut $(awk -v pid="$pid" '$2 == pid { print $1 }' <<<"$look")"
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
pids=$(for pid in $pids_before; do all_pids "$pid"; done | sort -u | xargs | tr ' ' '|')
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

# What it answers: each backend by its own port, which isn't the one in .env.
case " $APP_INSTANCES" in
  *' backend='*)
    wrong=''
    while read -r instance pid _; do
      own=$(port_of "$live" "${instance##*"@$live"}")
      answer=$(curl -sS -o /dev/null -w '%{http_code}' --max-time 3 "http://127.0.0.1:$own$APP_HEALTH" 2>&1)
      case $answer in 2?? | 3??) ;; *) wrong="$wrong, ${instance##*@}: expected 200 to 399 at port $own, saw $answer" ;; esac
    done <<<"$(instances_of backend)"
    verdict 'the backend answers' "$wrong" "at $APP_HEALTH, on the ports from $(port_of "$live" 1)"
    ;;
esac

# That it works. The line that the smoke test ends with may be about a failure, and hold what it failed with.
without_values() { awk -v file="$root/shared/.env" -f "$tools/without-values.awk"; }
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
    flunk 'the smoke test succeeds' "$(show "$unit.service" Result), exit code $(show "$unit.service" ExecMainStatus): ${last:-no output}"
    systemctl reset-failed "$unit.service" 2>/dev/null
  fi
}
# unconnected INSTANCE PID: without a connection to the queue's Redis.
unconnected() {
  local pids
  pids=$(all_pids "$2" | xargs | tr ' ' '|')
  ss -Htnp state established 'dport = :6379' | grep -qE "pid=(${pids:-none})," || printf 'no connection to its Redis'
}
if [ -n "$APP_SMOKE_TEST" ]; then
  sandboxed "$name-smoke-test" "$name-smoke-test.service"
  smoke_test
elif ! grep -qx "QUEUE_ENABLED='false'" "$root/shared/.env"; then
  for wanted in $APP_INSTANCES; do
    case $wanted in backend=*) continue ;; esac
    of_all "${wanted%=*}" 'is connected to the queue' unconnected 'all of it'
  done
fi

# A process that isn't there has no number.
look=$(on "$live" m_look "$live")
check 'the processes stayed the same meanwhile' "$pids_before" "$(main_pids)"
