# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# The gate that a side has to pass before it gets traffic. Callers set name, root, instances, port, health_path, health_timeout.

# How long each process has to live in one piece, in hundredths of a second: Node loads a bundle in half a second. Once one has ended
# by itself, its next life has to last longer.
steady=150
steady_again=450

# uptime: hundredths of a second since the start; unlike the time of day it never jumps.
uptime() {
  read -r since _ </proc/uptime
  printf '%s%s' "${since%.*}" "${since#*.}"
}

# serving SIDE RELEASE: all its processes run in that release, and each of its backends answers 200 to 399 on its own port;
# otherwise `culprit` and `why` say what is wrong. Leaves what it saw in `look` (see m_look).
serving() {
  look=$(on "$1" m_look "$1")
  there=$(printf '%s' "$look" | grep -c .) || :
  if [ "$there" != "$instances" ]; then
    culprit=$name why="has $there of $instances processes"
    return 1
  fi
  [ "$instances" != 0 ] || return 0
  pids='' urls=''
  while read -r instance pid restarts state _; do
    culprit=$instance
    if [ "$restarts" -ge 2 ]; then
      why='ended again and again'
      return 1
    elif [ "$pid" = 0 ] || [ "$state" != active ]; then
      why='does not stay up'
      return 1
    fi
    pids="$pids /proc/$pid/cwd"
    case $instance in
      "$name"-backend@*) urls="$urls -o /dev/null http://127.0.0.1:$(port_of "$1" "${instance##*"@$1"}")$health_path" ;;
      "$name"-backend) urls="$urls -o /dev/null http://127.0.0.1:$port$health_path" ;;
    esac
  done <<END
$look
END
  # shellcheck disable=SC2086 # one word a path
  folders=$(readlink $pids) || {
    why='does not stay up'
    return 1
  }
  while read -r instance pid _ && read -r cwd <&4; do
    case $cwd/ in
      "$root/releases/$2"/*) ;;
      *)
        culprit=$instance why="does not run in the folder of release $2"
        return 1
        ;;
    esac
  done 4<<FOLDERS <<END
$folders
FOLDERS
$look
END
  answers
}

# answers: `urls` (with curl's options) do; otherwise `culprit` and `why` say which doesn't.
answers() {
  [ -n "$urls" ] || return 0
  # shellcheck disable=SC2086 # one word an option
  said=$(curl -s -Z --max-time 2 -w '%{http_code} %{url} %{errormsg}\n' $urls) || :
  while read -r status url error; do
    case $status in 2?? | 3??) continue ;; esac
    culprit=$(backend_at "$url")
    [ "$status" = 000 ] || error=$status
    why="did not answer 200 to 399 at $url within $health_timeout s ($error)"
    return 1
  done <<END
$said
END
}

# backend_at URL: the instance that listens there.
backend_at() {
  at=${1#http://127.0.0.1:} at=${at%%/*}
  case $((at - port)) in
    [0-7]) found=$name-backend@a$((at - port + 1)) ;;
    *) found=$name-backend@b$((at - port - 7)) ;;
  esac
  case $look in *"$found "*) printf '%s' "$found" ;; *) printf '%s' "$name-backend" ;; esac
}

# gate SIDE RELEASE: 0 once it serves and all its processes have been steady; otherwise 1, and `culprit` and `why` say what
# failed. A process that ended twice is not waited for. An application without processes has nothing to prove.
gate() {
  deadline=$(($(uptime) + health_timeout * 100)) last='' steady_from=0 why='' enough=$steady
  while :; do
    verdict=0
    serving "$1" "$2" || verdict=1
    [ "$instances" != 0 ] || return 0
    [ "$why" != 'ended again and again' ] || return 1
    now=$(printf '%s\n' "$look" | cut -d ' ' -f 1,2)
    if [ "$now" != "$last" ]; then
      unsteady=$(printf '%s\n' "$now" | grep -vxF "${last:-none}" | sed -n '1s/ .*//p')
      steady_from=$(uptime) last=$now
    fi
    pause=10
    if [ "$verdict" = 0 ]; then
      ! printf '%s\n' "$look" | grep -qE '^[^ ]+ [0-9]+ [1-9]' || enough=$steady_again
      pause=$((enough - $(uptime) + steady_from))
      [ "$pause" -gt 0 ] || return 0
      culprit=$unsteady why='does not stay up'
    fi
    [ "$(uptime)" -lt "$deadline" ] || return 1
    sleep "$(printf '%d.%02d' $((pause / 100)) $((pause % 100)))"
  done
}

# last_words SIDE INSTANCE SINCE: what it has logged since then, with the values of .env taken out.
last_words() { on "$1" m_words "$2" "$3" | without_values | sed 's/^/  | /'; }

# without_values: stdin without the values of .env.
without_values() { awk -v file="$root/shared/.env" -f without-values.awk; }
