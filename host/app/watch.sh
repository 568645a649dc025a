#!/bin/sh
# shellcheck disable=SC1091,SC2154 # its parts lie beside it on the server
# The watch over a new release, as root: watch.sh VERB ...
#   before          reads how queues and processes do, before a switch
#   begin NEW OLD   watches NEW from now on, in a unit of its own, in the place of any other watch; returns at once
#   hold NEW SINCE  keeps the jobs that fail for good of those that NEW began since then (epoch), though it never got in service
#   status          what the last watch knows: watch_KEY=VALUE
# and what the unit itself calls: run NEW OLD, ended NEW OLD, back NEW OLD, sweep NEW FROM TO.
set -eu
cd "$(dirname "$(readlink -f "$0")")"
. ./lib.sh
. ./settings.sh

unit=$name-watch
state=/var/lib/queuehost.d/watch/$name
here=/opt/queuehost/app/watch.sh

# known KEY: of the last watch.
known() { sed -n "s/^$1=//p" "$state" 2>/dev/null; }

# set_known KEY VALUE: in one step.
set_known() {
  {
    grep -v "^$1=" "$state" || :
    printf '%s=%s\n' "$1" "$2"
  } >"$state.new"
  mv -f "$state.new" "$state"
}

# say PRIORITY TEXT: to the unit's journal.
say() { systemd-cat -t "$unit" -p "$1" printf '%s\n' "$2" 2>/dev/null || :; }

# node VERB...: the part that looks and judges.
node() {
  WATCH_NAME=$name WATCH_PORT=$port WATCH_HEALTH_PATH=$health_path WATCH_SECONDS=$watch_seconds \
    WATCH_FAILURES=$watch_failures WATCH_WAIT=$watch_wait WATCH_STOP_TIMEOUT=$stop_timeout \
    WATCH_PASSWORD_FILE=/etc/queuehost/credentials/redis-operator \
    exec "/opt/queuehost/node/$node_version/bin/node" ./watch/main.cjs "$@"
}

# in_sandbox UNIT SECONDS PROPERTY COMMAND...: what looks has no need of more than to ask Redis, the backend and systemd, and to
# write down what it saw. It gives way to the application: in CPU, in memory, in I/O.
in_sandbox() {
  called=$1 longest=$2 more=$3
  shift 3
  install -d -m 0700 /var/lib/queuehost.d/replay
  systemctl reset-failed "$called" 2>/dev/null || :
  systemd-run --quiet --collect --no-block --unit "$called" --description "Watch over a new release of $name" \
    -p Type=exec -p "RuntimeMaxSec=$longest" -p TimeoutStopSec=10 -p SuccessExitStatus=10 ${more:+-p "$more"} \
    -p CPUWeight=20 -p IOWeight=20 -p Nice=10 -p MemoryMax=300M -p OOMScoreAdjust=800 -p TasksMax=64 -p UMask=0077 \
    -p SupplementaryGroups=redis -p NoNewPrivileges=yes -p 'CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_DAC_READ_SEARCH' \
    -p ProtectSystem=strict -p 'ReadWritePaths=/var/lib/queuehost.d/watch /var/lib/queuehost.d/replay' \
    -p ProtectHome=yes -p PrivateTmp=yes -p PrivateDevices=yes -p ProtectHostname=yes -p ProtectClock=yes \
    -p ProtectKernelTunables=yes -p ProtectKernelModules=yes -p ProtectKernelLogs=yes -p ProtectControlGroups=yes \
    -p 'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK' -p RestrictNamespaces=yes -p RestrictRealtime=yes \
    -p RestrictSUIDSGID=yes -p LockPersonality=yes -p SystemCallArchitectures=native -p IPAddressDeny=any \
    -p IPAddressAllow=localhost /bin/sh "$here" "$@"
}

# prune: what is held of the releases before: five of them, for 30 days.
prune() {
  replay=/var/lib/queuehost.d/replay
  [ -d "$replay" ] || return 0
  find "$replay" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} +
  find "$replay" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\n' | sort -rn | tail -n +6 | cut -d ' ' -f 2 |
    while read -r old; do rm -rf "${replay:?}/$old"; done
}

begin() {
  systemctl stop "$unit" 2>/dev/null || :
  prune
  install -d -m 0755 /var/lib/queuehost.d /var/lib/queuehost.d/watch
  if [ -z "$2" ]; then
    first_state "$1" '' 0 unwatched 'the first release: there is nothing to go back to'
    say notice "release $1 isn't watched: it is the first, there is nothing to go back to"
    return 0
  fi
  first_state "$1" "$2" "$watch_seconds" running ''
  in_sandbox "$unit" "$((watch_seconds + 60))" "ExecStopPost=+/bin/sh $here ended $1 $2" run "$1" "$2"
}

# first_state NEW OLD SECONDS VERDICT WHY
first_state() {
  now=$(date +%s)
  printf '%s\n' "release=$1" "before=$2" "since=$now" "until=$((now + $3))" "verdict=$4" "why=$5" >"$state.new"
  mv -f "$state.new" "$state"
}

# ended NEW OLD: the watch is over. Going back is done outside of its sandbox, and with no less CPU than any other change.
ended() {
  [ "$(known release)" = "$1" ] || return 0
  case ${EXIT_STATUS:-} in
    10) systemd-run --quiet --collect --no-block --unit "$name-going-back" /bin/sh "$here" back "$1" "$2" ;;
    *)
      [ "$(known verdict)" != running ] || {
        set_known verdict ended
        set_known why "the watch itself failed: ${SERVICE_RESULT:-} ${EXIT_CODE:-} ${EXIT_STATUS:-}"
      }
      taken_back "$1" || forget "$1"
      audit 'the watch' "watch over release $1" "$(known verdict): $(known why)"
      ;;
  esac
}

# taken_back RELEASE: somebody went back from it meanwhile. A switch notes it a moment after the traffic has gone.
taken_back() {
  case $(known verdict) in ended) ;; *) return 1 ;; esac
  wait_for 3 grep -q "^$1	" "/srv/$name/refused"
}

forget() {
  rm -rf "/var/lib/queuehost.d/replay/${1:?}"
  set_known held 0
}

back() {
  why=$(known why) from=$(known from)
  if problem=$(ONLY_IF_LIVE=$1 ./release switch "$2" 'the watch' "$why" 2>&1); then
    set_known verdict went-back
    now=$(date +%s)
    set_known until "$now"
    result="went back to release $2"
    in_sandbox "$unit-sweep" "$((stop_timeout + 60))" '' sweep "$1" "$from" "${now}999"
  elif [ $? = 3 ]; then
    set_known verdict ended
    result='another release was in service by then'
  else
    set_known verdict failed
    set_known why "$why; going back to release $2 failed: $(one_line "$problem")"
    result="failed: $(one_line "$problem")"
  fi
  say err "release $1: $why; $result"
  audit 'the watch' "watch over release $1: $why" "$result"
}

status() {
  [ -f "$state" ] || return 0
  # Looked at before its state is read: it may come to its verdict in between. One that just begins isn't there yet.
  case $(systemctl show -P ActiveState "$unit") in active | activating | deactivating) runs=yes ;; *) runs='' ;; esac
  if [ -z "$runs" ] && [ "$(known verdict)" = running ] && [ "$(known since)" -lt "$(($(date +%s) - 10))" ]; then
    sed -e 's/^verdict=.*/verdict=ended/' -e 's/^why=.*/why=the server was restarted while it ran/' "$state"
  else
    cat "$state"
  fi | sed -e "s/^held=.*/held=$(held_jobs)/" -e 's/^/watch_/'
}

# held_jobs: how many jobs are held of the release that was watched; a sweep may have added some.
held_jobs() { wc -l 2>/dev/null <"/var/lib/queuehost.d/replay/$(known release)/jobs.jsonl" || printf 0; }

verb=${1:-}
[ $# = 0 ] || shift
case "$verb $#" in
  'before 0')
    # What an earlier switch has read is not what was before this one.
    rm -f "/var/lib/queuehost.d/watch/.$name.before.json"
    node before
    ;;
  'begin 2') begin "$@" ;;
  'hold 2') in_sandbox "$unit-sweep" "$((stop_timeout + 60))" '' sweep "$1" "${2}000" "$(date +%s)999" ;;
  'status 0') status ;;
  'run 2') node run "$@" ;;
  'ended 2') ended "$@" ;;
  'back 2') back "$@" ;;
  'sweep 3') node sweep "$@" ;;
  *) fail "watch.sh: should be before | begin NEW OLD | hold NEW SINCE | status, got: $verb $*" ;;
esac
